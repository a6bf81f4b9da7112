/** The page of API tokens, loaded when visited. */
import { visited } from "@/lib/visited";
import { tokensSearch } from "./filters";

export const tokensRoute = {
  path: "/tokens",
  validateSearch: tokensSearch,
  component: visited(
    () => import("./TokensPage"),
    () => import("./texts"),
  ),
} as const;
