import { QueryObserver } from "@tanstack/react-query";
import { HttpResponse, http } from "msw";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { newCache } from "@/api/cache";
import { BURST_MS, Feed } from "@/api/feed";
import type { NetworkChanged, Peer, PresenceChanged } from "@/api/shapes";
import { API, api } from "@/test/render";
import { server } from "@/test/setup";
import { aPeer } from "@/test/values";
import { peersKey, peersQuery } from "./api";
import { peersNews } from "./news";

const PEERS = peersKey("net_1");
let cache = newCache();
let feed = new Feed(api, cache, []);

beforeEach(() => {
  cache = newCache();
  feed = new Feed(api, cache, [peersNews]);
  cache.setQueryData(PEERS, [aPeer({ id: "dyn_1" }), aPeer({ id: "sta_1", kind: "static" })]);
});
afterEach(() => feed.stop());

const settled = () => new Promise((resolve) => setTimeout(resolve, BURST_MS * 3));
const peers = () => cache.getQueryData<Peer[]>(PEERS) ?? [];

function changed(what: NetworkChanged["what"], peer_id: string | null, revision = 3): NetworkChanged {
  return { type: "network_changed", network_id: "net_1", generation: 1, revision, what, peer_id };
}

function fact(peer_id: string, status: "online" | "offline" | null, at: string): PresenceChanged {
  return { type: "peer_status", network_id: "net_1", peers: [{ peer_id, fact: "connected", status, at }] };
}

test("a burst of facts is one write, and the last word counts", async () => {
  const writes = vi.fn();
  cache.getQueryCache().subscribe((event) => {
    if (event.type === "updated" && event.query.queryKey[0] === "peers") writes();
  });

  for (let second = 10; second < 40; second++) feed.add(fact("dyn_1", "online", `2026-01-01T00:00:${second}Z`));
  feed.add(fact("dyn_1", "offline", "2026-01-01T00:00:50Z"));
  await settled();

  expect(writes).toHaveBeenCalledOnce();
  expect(peers()[0]).toMatchObject({ status: "offline", last_seen: "2026-01-01T00:00:50Z" });
  expect(peers()[1]?.status).toBe("pending");
});

test("a fact without a status leaves the status, and a blocked peer stays blocked", async () => {
  cache.setQueryData(PEERS, [aPeer({ id: "dyn_1", status: "offline" }), aPeer({ id: "dyn_2", status: "blocked" })]);

  feed.add(fact("dyn_1", null, "2026-01-01T00:00:10Z"));
  feed.add(fact("dyn_2", "online", "2026-01-01T00:00:10Z"));
  await settled();

  expect(peers().map((peer) => peer.status)).toEqual(["offline", "blocked"]);
  expect(peers()[0]?.last_seen).toBe("2026-01-01T00:00:10Z");
});

test("a peer that was deleted goes without a request", async () => {
  feed.add(changed("peer_deleted", "dyn_1"));
  await settled();

  expect(peers().map((peer) => peer.id)).toEqual(["sta_1"]);
});

test("a peer that came is read alone", async () => {
  const read: string[] = [];
  server.use(
    http.get(`${API}/networks/net_1/peers/:id`, ({ params }) => {
      read.push(String(params.id));
      return HttpResponse.json(aPeer({ id: String(params.id), revision: 3 }));
    }),
  );

  feed.add(changed("peer_created", "dyn_2"));
  feed.add(changed("peer_enrolled", "dyn_2"));
  await settled();

  expect(read).toEqual(["dyn_2"]);
  expect(peers().map((peer) => peer.id)).toEqual(["dyn_1", "dyn_2", "sta_1"]);
});

test("a peer that is gone by the time it is read is no error", async () => {
  const gone = { code: "peer_not_found", detail: "There is none." };
  server.use(http.get(`${API}/networks/net_1/peers/dyn_2`, () => HttpResponse.json(gone, { status: 404 })));

  feed.add(changed("peer_created", "dyn_2"));
  await settled();

  expect(peers()).toHaveLength(2);
});

test("a fact that comes while its peer is read is not overwritten by the older answer", async () => {
  let answer: (() => void) | undefined;
  server.use(
    http.get(`${API}/networks/net_1/peers/dyn_1`, async () => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return HttpResponse.json(aPeer({ id: "dyn_1", public_key: "k", revision: 3, status: "offline" }));
    }),
  );

  feed.add(changed("peer_enrolled", "dyn_1"));
  await settled();
  feed.add(fact("dyn_1", "online", "2026-01-01T00:00:10Z"));
  await settled();
  answer?.();
  await settled();

  expect(peers()[0]).toMatchObject({ public_key: "k", status: "online" });
});

test("news of a list that is being read wait for it", async () => {
  let answer: (() => void) | undefined;
  server.use(
    http.get(`${API}/networks/net_1/peers`, async () => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return HttpResponse.json({ items: [aPeer({ id: "dyn_1" })], next_cursor: null });
    }),
  );
  const reading = cache.fetchQuery({ ...peersQuery(api, "net_1"), staleTime: 0 });

  feed.add(fact("dyn_1", "online", "2026-01-01T00:00:10Z"));
  await settled();
  answer?.();
  await reading;
  await settled();

  expect(peers()[0]?.status).toBe("online");
});

test("many at once are one read of the list", async () => {
  const lists = vi.fn();
  server.use(
    http.get(`${API}/networks/net_1/peers`, () => {
      lists();
      return HttpResponse.json({ items: [], next_cursor: null });
    }),
  );
  const leave = new QueryObserver(cache, peersQuery(api, "net_1")).subscribe(() => {});

  for (let n = 0; n < 30; n++) feed.add(changed("peer_created", `dyn_${n + 10}`));
  await settled();

  expect(lists).toHaveBeenCalledOnce();
  leave();
});

test.each([
  ["several peers at once", "peer_created"],
  ["a range that moved", "network_updated"],
] as const)("%s are one read of the list", async (_, what) => {
  const lists = vi.fn();
  server.use(
    http.get(`${API}/networks/net_1/peers`, () => {
      lists();
      return HttpResponse.json({ items: [], next_cursor: null });
    }),
  );
  const leave = new QueryObserver(cache, peersQuery(api, "net_1")).subscribe(() => {});

  feed.add(changed(what, null));
  await settled();

  expect(lists).toHaveBeenCalledOnce();
  leave();
});

test("news of a network whose peers are not shown cause no request", async () => {
  feed.add({ ...changed("peer_created", "dyn_7"), network_id: "net_2" });
  await settled();

  expect(cache.getQueryData(peersKey("net_2"))).toBeUndefined();
});
