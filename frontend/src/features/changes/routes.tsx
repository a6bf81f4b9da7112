/** The part of a network's page that shows its change log. */
import { lazyRouteComponent } from "@tanstack/react-router";

export const changesRoute = {
  path: "/changes",
  component: lazyRouteComponent(() => import("./ChangesSection")),
} as const;
