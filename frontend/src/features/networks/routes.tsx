/** The pages of networks, loaded when visited. */
import { lazyRouteComponent } from "@tanstack/react-router";
import { networksSearch } from "./filters";

export const networksRoute = {
  path: "/networks",
  validateSearch: networksSearch,
  component: lazyRouteComponent(() => import("./NetworksPage")),
} as const;
