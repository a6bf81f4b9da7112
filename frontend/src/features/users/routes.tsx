/** The page of people, loaded when visited. */
import { visited } from "@/lib/visited";
import { usersSearch } from "./filters";

export const usersRoute = {
  path: "/users",
  validateSearch: usersSearch,
  component: visited(
    () => import("./UsersPage"),
    () => import("./texts"),
  ),
} as const;
