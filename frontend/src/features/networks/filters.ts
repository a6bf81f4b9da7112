/** How the list of networks is filtered and sorted, as it stands in the address. */
import { type Given, set, sorting, words } from "@/lib/filters";

export const COLUMNS = ["name", "cidr", "domain", "created"] as const;

export type NetworksSearch = { q?: string; sort?: string };

export const networksSearch = (given: Given): NetworksSearch =>
  set({ q: words(given.q), sort: sorting(given.sort, COLUMNS) });
