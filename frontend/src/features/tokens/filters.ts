/** How API tokens are filtered and sorted, as it stands in the address. */
import { type Given, oneOf, set, sorting, words } from "@/lib/filters";

export const COLUMNS = ["name", "role", "networks", "maker", "used", "expires", "created"] as const;

/** `whose` all: of everybody, for administrators. */
export type TokensSearch = { q?: string; whose?: string; sort?: string };

export const tokensSearch = (given: Given): TokensSearch =>
  set({ q: words(given.q), whose: oneOf(given.whose, ["all"]), sort: sorting(given.sort, COLUMNS) });
