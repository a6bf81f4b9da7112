/** The part of a network's page that shows its range. */
import { type Given, oneOf, set, sorting, words } from "@/lib/filters";
import { visited } from "@/lib/visited";
import { COLUMNS, STATES } from "./filters";

export type AddressesSearch = { q?: string; state?: string; sort?: string };

export const addressesRoute = {
  path: "/addresses",
  validateSearch: (given: Given): AddressesSearch =>
    set({ q: words(given.q), state: oneOf(given.state, STATES), sort: sorting(given.sort, COLUMNS) }),
  component: visited(
    () => import("./AddressesSection"),
    () => import("./texts"),
  ),
} as const;
