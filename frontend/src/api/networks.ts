/** The networks that somebody sees: what most pages name. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { type Api, answered } from "@/api/client";
import { useApi } from "@/api/context";
import { useMay, useMe } from "@/api/me";
import { everyPage, page } from "@/api/pages";
import type { Granted, Network } from "@/api/shapes";

export const NETWORKS = ["networks"] as const;

export const networksQuery = (api: Api) =>
  queryOptions<Network[]>({
    queryKey: NETWORKS,
    queryFn: () => everyPage((cursor) => answered(api.GET("/networks", { params: { query: page(cursor) } }))),
  });

/** Ids and names; of a member those granted to them. Undefined while they are read. */
export function useVisibleNetworks(): readonly Granted[] | undefined {
  const me = useMe();
  const mayList = useMay("GET /networks");
  const { data } = useQuery({ ...networksQuery(useApi()), enabled: mayList });
  return mayList ? data : me && (me.granted ?? []);
}
