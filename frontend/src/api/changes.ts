/** What the console writes. The cache follows by the socket; the writer's own view at once. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answered } from "@/api/client";
import { useApi } from "@/api/context";
import { keys } from "@/api/queries";
import type { AgentPeerCreated, CreateNetwork, CreatePeer, Network, Peer, StaticPeerCreated } from "@/api/shapes";
import { removed, upserted } from "@/lib/items";

export function useCreateNetwork() {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<Network, Error, CreateNetwork>({
    mutationFn: (body) => answered(api.POST("/networks", { body })),
    onSuccess: (network) => cache.setQueryData<Network[]>(keys.networks, (known) => upserted(known, network)),
  });
}

export function useDeleteNetwork() {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<undefined, Error, string>({
    mutationFn: (id) => answered(api.DELETE("/networks/{network_id}", { params: { path: { network_id: id } } })),
    onSuccess: (_, id) => cache.setQueryData<Network[]>(keys.networks, (known) => removed(known, id)),
  });
}

/** Not kept anywhere once it is shown: the answer may hold a token. */
export function useCreatePeer(networkId: string) {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<AgentPeerCreated | StaticPeerCreated, Error, CreatePeer>({
    gcTime: 0,
    mutationFn: (body) =>
      answered(api.POST("/networks/{network_id}/peers", { params: { path: { network_id: networkId } }, body })),
    onSuccess: ({ peer }) => cache.setQueryData<Peer[]>(keys.peers(networkId), (known) => upserted(known, peer)),
  });
}

export function useDeletePeer(networkId: string) {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<undefined, Error, string>({
    mutationFn: (id) =>
      answered(
        api.DELETE("/networks/{network_id}/peers/{peer_id}", {
          params: { path: { network_id: networkId, peer_id: id } },
        }),
      ),
    onSuccess: (_, id) => cache.setQueryData<Peer[]>(keys.peers(networkId), (known) => removed(known, id)),
  });
}
