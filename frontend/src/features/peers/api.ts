/** What is read and written of peers, and under which key it is kept. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, answered } from "@/api/client";
import { useApi } from "@/api/context";
import { everyPage, page } from "@/api/pages";
import type { AgentPeerCreated, CreatePeer, Peer, StaticPeerCreated } from "@/api/shapes";
import { removed, upserted } from "@/lib/items";

export const peersKey = (networkId: string) => ["peers", networkId] as const;

export const peersQuery = (api: Api, networkId: string) =>
  queryOptions<Peer[]>({
    queryKey: peersKey(networkId),
    queryFn: () =>
      everyPage((cursor) =>
        answered(
          api.GET("/networks/{network_id}/peers", {
            params: { path: { network_id: networkId }, query: page(cursor) },
          }),
        ),
      ),
  });

export const readPeer = (api: Api, networkId: string, peerId: string): Promise<Peer> =>
  answered(
    api.GET("/networks/{network_id}/peers/{peer_id}", {
      params: { path: { network_id: networkId, peer_id: peerId } },
    }),
  );

/** Not kept anywhere once it is shown: the answer may hold a token. */
export function useCreatePeer(networkId: string) {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<AgentPeerCreated | StaticPeerCreated, Error, CreatePeer>({
    gcTime: 0,
    mutationFn: (body) =>
      answered(api.POST("/networks/{network_id}/peers", { params: { path: { network_id: networkId } }, body })),
    onSuccess: ({ peer }) => cache.setQueryData<Peer[]>(peersKey(networkId), (known) => upserted(known, peer)),
  });
}

/**
 * Deletes one after the other and stops at the first that is refused: those before it are gone. `onDone` is
 * called even when what asked for it is not shown any more, as a row that went with its peer.
 */
export function useDeletePeers(networkId: string, onDone: () => void) {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<void, Error, readonly string[]>({
    mutationFn: async (ids) => {
      for (const id of ids) {
        const path = { network_id: networkId, peer_id: id };
        await answered(api.DELETE("/networks/{network_id}/peers/{peer_id}", { params: { path } }));
        cache.setQueryData<Peer[]>(peersKey(networkId), (known) => removed(known, id));
      }
    },
    onSuccess: onDone,
  });
}

/** The field that a refusal of these codes is about: conflicts name none. */
export const FIELD_OF_CODE = {
  name_in_use: "name",
  key_in_use: "name",
  address_in_use: "address",
  cidr_in_use: "additional_allowed_ips",
} as const;
