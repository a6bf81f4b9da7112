/** What is read and written of peers, and under which key it is kept. */
import { type QueryClient, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, answered } from "@/api/client";
import { useApi } from "@/api/context";
import { everyPage, page } from "@/api/pages";
import type { AgentPeerCreated, CreatePeer, PatchPeer, Peer, StaticPeerCreated } from "@/api/shapes";
import { UNPUSHED } from "@/api/unpushed";
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

export const OWN_PEERS = ["own-peers"] as const;

const OWN_POLL_MS = 10_000;

/** A member's own, in all their networks: the API shows them no others, and no frame tells of these. */
export const ownPeersQuery = (api: Api) =>
  queryOptions<Peer[]>({
    ...UNPUSHED,
    refetchInterval: OWN_POLL_MS,
    queryKey: OWN_PEERS,
    queryFn: () => everyPage((cursor) => answered(api.GET("/peers", { params: { query: page(cursor) } }))),
  });

/** Not kept anywhere once it is shown: the answer may hold a token. */
export function useCreatePeer(networkId: string) {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<AgentPeerCreated | StaticPeerCreated, Error, CreatePeer>({
    gcTime: 0,
    mutationFn: (body) =>
      answered(api.POST("/networks/{network_id}/peers", { params: { path: { network_id: networkId } }, body })),
    onSuccess: ({ peer }) => keep(cache, peer),
  });
}

export function useChangePeer() {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<Peer, Error, { peer: Peer; change: PatchPeer }>({
    mutationFn: ({ peer, change }) =>
      answered(api.PATCH("/networks/{network_id}/peers/{peer_id}", { params: { path: pathOf(peer) }, body: change })),
    onSuccess: (peer) => keep(cache, peer),
  });
}

/** A waiting peer's way in. Refusing it is deleting it. */
export function useApprovePeer() {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<Peer, Error, Peer>({
    mutationFn: (peer) =>
      answered(api.POST("/networks/{network_id}/peers/{peer_id}/approve", { params: { path: pathOf(peer) } })),
    onSuccess: (peer) => keep(cache, peer),
  });
}

/** A file with another key, whose public part is given; the old file works until the new one is used. Not kept. */
export function useReissueFile() {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<StaticPeerCreated, Error, { peer: Peer; publicKey: string }>({
    gcTime: 0,
    mutationFn: ({ peer, publicKey }) =>
      answered(
        api.POST("/networks/{network_id}/peers/{peer_id}/reissue", {
          params: { path: pathOf(peer) },
          body: { public_key: publicKey, generate_key: false },
        }),
      ),
    onSuccess: ({ peer }) => keep(cache, peer),
  });
}

/** Another one-time token, which moves the peer to the host that uses it. Not kept. */
export function useReissueToken() {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<AgentPeerCreated, Error, Peer>({
    gcTime: 0,
    mutationFn: (peer) =>
      answered(api.POST("/networks/{network_id}/peers/{peer_id}/enrollment-token", { params: { path: pathOf(peer) } })),
    onSuccess: ({ peer }) => keep(cache, peer),
  });
}

const pathOf = (peer: Peer) => ({ network_id: peer.network_id, peer_id: peer.id });

function keep(cache: QueryClient, peer: Peer): void {
  for (const key of [peersKey(peer.network_id), OWN_PEERS]) {
    cache.setQueryData<Peer[]>(key, (known) => upserted(known, peer));
  }
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
        for (const key of [peersKey(networkId), OWN_PEERS]) {
          cache.setQueryData<Peer[]>(key, (known) => removed(known, id));
        }
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
