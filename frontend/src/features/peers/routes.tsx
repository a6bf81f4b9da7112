/** The part of a network's page that shows its peers, what the page opens with; and the page of one's own. */
import { visited } from "@/lib/visited";
import { peersSearch } from "./filters";

export const peersRoute = {
  path: "/",
  validateSearch: peersSearch,
  component: visited(
    () => import("./PeersSection"),
    () => import("./texts"),
  ),
} as const;

export const devicesRoute = {
  path: "/devices",
  component: visited(
    () => import("./DevicesPage"),
    () => import("./texts"),
  ),
} as const;
