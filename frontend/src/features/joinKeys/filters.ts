/** How a network's join keys are filtered and sorted, as it stands in the address. */
import { type Given, oneOf, set, sorting, words } from "@/lib/filters";

export const STATES = ["active", "used_up", "expired", "revoked"] as const;
export const COLUMNS = ["name", "state", "uses", "peers", "used", "expires", "maker"] as const;

export type JoinKeysSearch = { q?: string; state?: string; sort?: string };

export const joinKeysSearch = (given: Given): JoinKeysSearch =>
  set({ q: words(given.q), state: oneOf(given.state, STATES), sort: sorting(given.sort, COLUMNS) });
