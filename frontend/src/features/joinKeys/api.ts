/** What is read and written of a network's join keys, and under which key it is kept. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, answered } from "@/api/client";
import { useApi } from "@/api/context";
import { everyPage, page } from "@/api/pages";
import type { CreateJoinKey, JoinKey, JoinKeyCreated } from "@/api/shapes";
import { UNPUSHED } from "@/api/unpushed";

export const joinKeysKey = (networkId: string) => ["join-keys", networkId] as const;

export const joinKeysQuery = (api: Api, networkId: string) =>
  queryOptions<JoinKey[]>({
    ...UNPUSHED,
    queryKey: joinKeysKey(networkId),
    queryFn: () =>
      everyPage((cursor) =>
        answered(
          api.GET("/networks/{network_id}/join-keys", {
            params: { path: { network_id: networkId }, query: page(cursor) },
          }),
        ),
      ),
  });

/** Not kept anywhere once it is shown: the answer holds the key. */
export function useCreateJoinKey(networkId: string) {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<JoinKeyCreated, Error, CreateJoinKey>({
    gcTime: 0,
    mutationFn: (body) =>
      answered(api.POST("/networks/{network_id}/join-keys", { params: { path: { network_id: networkId } }, body })),
    onSuccess: () => void cache.invalidateQueries({ queryKey: joinKeysKey(networkId) }),
  });
}

export function useRevokeJoinKey(networkId: string, onDone: () => void) {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<undefined, Error, string>({
    mutationFn: (id) => {
      const path = { network_id: networkId, key_id: id };
      return answered(api.DELETE("/networks/{network_id}/join-keys/{key_id}", { params: { path } }));
    },
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: joinKeysKey(networkId) });
      onDone();
    },
  });
}

/** The field that a refusal of these codes is about: conflicts name none. */
export const FIELD_OF_CODE = { name_in_use: "name" } as const;
