import { beforeEach, expect, test, vi } from "vitest";
import { newCache } from "@/api/cache";
import type { PresenceChanged } from "@/api/shapes";
import { api } from "@/test/render";
import { changesKey } from "./api";
import { changesNews } from "./news";

let cache = newCache();
const isStale = () => cache.getQueryState(changesKey("net_1"))?.isInvalidated;

beforeEach(() => {
  cache = newCache();
  cache.setQueryData(changesKey("net_1"), { pages: [], pageParams: [] });
});

function fact(said: PresenceChanged["peers"][number]["fact"]): PresenceChanged {
  const peers = [{ peer_id: "dyn_1", fact: said, status: null, at: "2026-01-01T00:00:00Z" }];
  return { type: "peer_status", network_id: "net_1", peers };
}

test.each(["applied", "late"] as const)("an agent that is %s has the log read again", (said) => {
  changesNews.apply([fact(said)], { api, cache });

  expect(isStale()).toBe(true);
});

test.each(["connected", "disconnected", "handshake"] as const)("%s says nothing of changes", (said) => {
  changesNews.apply([fact(said)], { api, cache });

  expect(isStale()).toBe(false);
});

test("a burst of changes is one read", () => {
  const change = { type: "network_changed", network_id: "net_1", generation: 1, what: "peer_created" } as const;
  const read = vi.spyOn(cache, "invalidateQueries");

  changesNews.apply(
    [1, 2, 3].map((revision) => ({ ...change, revision, peer_id: `dyn_${revision}` })),
    { api, cache },
  );

  expect(read).toHaveBeenCalledOnce();
});
