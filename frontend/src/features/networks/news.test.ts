import { HttpResponse, http } from "msw";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newCache } from "@/api/cache";
import { BURST_MS, Feed } from "@/api/feed";
import { NETWORKS } from "@/api/networks";
import type { Network, NetworkChanged } from "@/api/shapes";
import { API, api } from "@/test/render";
import { server } from "@/test/setup";
import { aNetwork } from "@/test/values";
import { networksNews } from "./news";

let cache = newCache();
let feed = new Feed(api, cache, []);

beforeEach(() => {
  cache = newCache();
  feed = new Feed(api, cache, [networksNews]);
  cache.setQueryData(NETWORKS, [aNetwork()]);
});
afterEach(() => feed.stop());

const settled = () => new Promise((resolve) => setTimeout(resolve, BURST_MS * 3));

function changed(what: NetworkChanged["what"], peer_id: string | null, revision = 3): NetworkChanged {
  return { type: "network_changed", network_id: "net_1", generation: 1, revision, what, peer_id };
}

test("networks come and go", async () => {
  server.use(http.get(`${API}/networks/net_2`, () => HttpResponse.json(aNetwork({ id: "net_2", name: "office" }))));

  feed.add({ ...changed("network_created", null, 1), network_id: "net_2" });
  feed.add(changed("network_deleted", null));
  await settled();

  expect(cache.getQueryData<Network[]>(NETWORKS)?.map((network) => network.name)).toEqual(["office"]);
});

test("a change of its peers moves a network's revision without a request", async () => {
  feed.add(changed("peer_created", "dyn_2"));
  await settled();

  expect(cache.getQueryData<Network[]>(NETWORKS)?.[0]?.revision).toBe(3);
});
