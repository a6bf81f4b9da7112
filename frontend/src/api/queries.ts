/** What the console reads, and under which key it is kept. */
import { queryOptions } from "@tanstack/react-query";
import { type Api, answered } from "@/api/client";
import type { Me, Network, Peer } from "@/api/shapes";

const PAGE = 200;

export const keys = {
  me: ["me"] as const,
  networks: ["networks"] as const,
  peers: (networkId: string) => ["peers", networkId] as const,
};

export const meQuery = (api: Api) =>
  queryOptions<Me>({ queryKey: keys.me, queryFn: () => answered(api.GET("/me")), staleTime: Number.POSITIVE_INFINITY });

export const networksQuery = (api: Api) =>
  queryOptions<Network[]>({
    queryKey: keys.networks,
    queryFn: () => everyPage((cursor) => answered(api.GET("/networks", { params: { query: page(cursor) } }))),
  });

export const peersQuery = (api: Api, networkId: string) =>
  queryOptions<Peer[]>({
    queryKey: keys.peers(networkId),
    queryFn: () =>
      everyPage((cursor) =>
        answered(
          api.GET("/networks/{network_id}/peers", {
            params: { path: { network_id: networkId }, query: page(cursor) },
          }),
        ),
      ),
  });

export const readNetwork = (api: Api, networkId: string): Promise<Network> =>
  answered(api.GET("/networks/{network_id}", { params: { path: { network_id: networkId } } }));

export const readPeer = (api: Api, networkId: string, peerId: string): Promise<Peer> =>
  answered(
    api.GET("/networks/{network_id}/peers/{peer_id}", {
      params: { path: { network_id: networkId, peer_id: peerId } },
    }),
  );

const page = (cursor: string | undefined) => ({ limit: PAGE, ...(cursor ? { cursor } : {}) });

export async function everyPage<Item>(
  read: (cursor: string | undefined) => Promise<{ items: Item[]; next_cursor?: string | null }>,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const found = await read(cursor);
    items.push(...found.items);
    cursor = found.next_cursor ?? undefined;
  } while (cursor);
  return items;
}
