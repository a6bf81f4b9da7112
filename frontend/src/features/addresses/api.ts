/** What is read and written of a network's range, and under which key it is kept. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, answered } from "@/api/client";
import { useApi } from "@/api/context";
import { everyPage, page } from "@/api/pages";
import type { Allocation, Capacity, Reservation } from "@/api/shapes";

export const addressesKey = (networkId: string) => ["addresses", networkId] as const;

export type Addresses = { capacity: Capacity; allocations: Allocation[] };

const pathOf = (networkId: string) => ({ params: { path: { network_id: networkId } } });

export const addressesQuery = (api: Api, networkId: string) =>
  queryOptions<Addresses>({
    queryKey: addressesKey(networkId),
    queryFn: async () => {
      const [capacity, allocations] = await Promise.all([
        answered<Capacity>(api.GET("/networks/{network_id}/capacity", pathOf(networkId))),
        everyPage<Allocation>((cursor) =>
          answered(
            api.GET("/networks/{network_id}/allocations", {
              params: { path: { network_id: networkId }, query: page(cursor) },
            }),
          ),
        ),
      ]);
      return { capacity, allocations };
    },
  });

export type Asked = { first: string; last: string; note: string };

export function useReserve(networkId: string) {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<Reservation, Error, Asked>({
    mutationFn: ({ first, last, note }) =>
      answered(
        api.POST("/networks/{network_id}/reservations", {
          ...pathOf(networkId),
          body: { first, last: last || null, note: note || null },
        }),
      ),
    onSuccess: () => void cache.invalidateQueries({ queryKey: addressesKey(networkId) }),
  });
}

export function useRelease(networkId: string, onDone: () => void) {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<undefined, Error, Reservation>({
    mutationFn: ({ first, last }) =>
      answered(
        api.DELETE("/networks/{network_id}/reservations", {
          params: { path: { network_id: networkId }, query: { first, last } },
        }),
      ),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: addressesKey(networkId) });
      onDone();
    },
  });
}

/** The field that a refusal of these codes is about: conflicts name none. */
export const FIELD_OF_CODE = { address_in_use: "first", reservation_overlap: "first" } as const;
