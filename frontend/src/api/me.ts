/** Who is signed in, and what their role lets them do; the API decides, this only hides what it would refuse. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { type Api, answered } from "@/api/client";
import { useApi } from "@/api/context";
import { RULES } from "@/api/rules";
import type { Me } from "@/api/shapes";

export const ME = ["me"] as const;

export const meQuery = (api: Api) =>
  queryOptions<Me>({ queryKey: ME, queryFn: () => answered(api.GET("/me")), staleTime: Number.POSITIVE_INFINITY });

type Rule = { roles: readonly Me["role"][]; networks: "all" | "one" | "seen" };

/** A method and path of the contract. */
export type CallName = keyof typeof RULES;

/** Whether the contract's rule for a call lets these people through, in a network they see. */
export function may(me: Pick<Me, "role" | "networks">, call: CallName): boolean {
  const rule: Rule = RULES[call];
  return rule.roles.includes(me.role) && (rule.networks !== "all" || me.networks === null);
}

export function useMe(): Me | undefined {
  return useQuery(meQuery(useApi())).data;
}

export function useMay(call: CallName): boolean {
  const me = useMe();
  return me !== undefined && may(me, call);
}
