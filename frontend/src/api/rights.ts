/** What the caller's role lets them do; the API decides, this only hides what it would refuse. */
import { useQuery } from "@tanstack/react-query";
import { useApi } from "@/api/context";
import { meQuery } from "@/api/queries";

export function useMayWrite(): boolean {
  const { data: me } = useQuery(meQuery(useApi()));
  return me?.role === "administrator" || me?.role === "operator";
}
