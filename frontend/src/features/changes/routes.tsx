/** The part of a network's page that shows its change log. */
import { visited } from "@/lib/visited";

export const changesRoute = {
  path: "/changes",
  component: visited(
    () => import("./ChangesSection"),
    () => import("./texts"),
  ),
} as const;
