/** What is read and written of networks, and under which key it is kept. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, answered } from "@/api/client";
import { useApi } from "@/api/context";
import { NETWORKS } from "@/api/networks";
import type { CreateNetwork, Network } from "@/api/shapes";
import { removed, upserted } from "@/lib/items";

export const readNetwork = (api: Api, networkId: string): Promise<Network> =>
  answered(api.GET("/networks/{network_id}", { params: { path: { network_id: networkId } } }));

export function useCreateNetwork() {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<Network, Error, CreateNetwork>({
    mutationFn: (body) => answered(api.POST("/networks", { body })),
    onSuccess: (network) => cache.setQueryData<Network[]>(NETWORKS, (known) => upserted(known, network)),
  });
}

export function useDeleteNetwork() {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<undefined, Error, string>({
    mutationFn: (id) => answered(api.DELETE("/networks/{network_id}", { params: { path: { network_id: id } } })),
    onSuccess: (_, id) => cache.setQueryData<Network[]>(NETWORKS, (known) => removed(known, id)),
  });
}

/** The field that a refusal of these codes is about: conflicts name none. */
export const FIELD_OF_CODE = { name_in_use: "name", network_overlap: "cidr" } as const;
