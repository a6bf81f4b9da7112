import { expect, test } from "vitest";
import { newCache } from "@/api/cache";
import type { NetworkChanged } from "@/api/shapes";
import { api } from "@/test/render";
import { USERS } from "./api";
import { usersNews } from "./news";

test.each([
  ["peer_created", true],
  ["acl_replaced", false],
] as const)("after %s people are read again: %s", (what, isAgain) => {
  const cache = newCache();
  cache.setQueryData(USERS, []);
  const frame: NetworkChanged = {
    type: "network_changed",
    network_id: "net_1",
    generation: 1,
    revision: 2,
    what,
    peer_id: null,
  };
  usersNews.apply([frame], { api, cache });

  expect(cache.getQueryState(USERS)?.isInvalidated).toBe(isAgain);
});
