/** What is read and written of a network's rules, and under which key it is kept. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, answered } from "@/api/client";
import { useApi } from "@/api/context";
import type { Acl, AclRule } from "@/api/shapes";

export const aclKey = (networkId: string) => ["acl", networkId] as const;

export const aclQuery = (api: Api, networkId: string) =>
  queryOptions<Acl>({
    queryKey: aclKey(networkId),
    queryFn: () => answered(api.GET("/networks/{network_id}/acl", { params: { path: { network_id: networkId } } })),
  });

/** Puts other rules in force in place of those of `version`: refused when others were saved since. */
export function useReplaceRules(networkId: string) {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<Acl, Error, { rules: readonly AclRule[]; version: number }>({
    mutationFn: ({ rules, version }) =>
      answered(
        api.PUT("/networks/{network_id}/acl", {
          params: { path: { network_id: networkId }, header: { "If-Match": `"${version}"` } },
          body: { rules: [...rules] },
        }),
      ),
    onSuccess: (acl) => cache.setQueryData<Acl>(aclKey(networkId), acl),
  });
}
