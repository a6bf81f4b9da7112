/** What is read of a network's change log, and under which key it is kept. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { type Api, answered } from "@/api/client";
import { page } from "@/api/pages";
import type { ChangePage } from "@/api/shapes";

const PAGE = 25;

export const changesKey = (networkId: string) => ["changes", networkId] as const;

/** The newest first; older ones a page at a time. */
export const changesQuery = (api: Api, networkId: string) =>
  infiniteQueryOptions({
    queryKey: changesKey(networkId),
    queryFn: ({ pageParam }): Promise<ChangePage> =>
      answered(
        api.GET("/networks/{network_id}/changes", {
          params: { path: { network_id: networkId }, query: page(pageParam, PAGE) },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
