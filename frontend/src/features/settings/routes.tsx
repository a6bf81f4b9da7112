/** The page of the deployment's settings, loaded when visited. */
import { visited } from "@/lib/visited";

export const settingsRoute = {
  path: "/settings",
  component: visited(
    () => import("./SettingsPage"),
    () => import("./texts"),
  ),
} as const;
