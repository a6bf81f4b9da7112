/** Who is signed in, and what their role lets them do; the API decides, this only hides what it would refuse. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { type Api, answered } from "@/api/client";
import { useApi } from "@/api/context";
import type { Me } from "@/api/shapes";

export const ME = ["me"] as const;

export const meQuery = (api: Api) =>
  queryOptions<Me>({ queryKey: ME, queryFn: () => answered(api.GET("/me")), staleTime: Number.POSITIVE_INFINITY });

export function useMayWrite(): boolean {
  const { data: me } = useQuery(meQuery(useApi()));
  return me?.role === "administrator" || me?.role === "operator";
}
