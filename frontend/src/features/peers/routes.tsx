/** The part of a network's page that shows its peers: what the page opens with. */
import { lazyRouteComponent } from "@tanstack/react-router";
import { peersSearch } from "./filters";

export const peersRoute = {
  path: "/",
  validateSearch: peersSearch,
  component: lazyRouteComponent(() => import("./PeersSection")),
} as const;
