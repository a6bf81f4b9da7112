/** What is read and written of the deployment's settings, and under which key it is kept. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, answered } from "@/api/client";
import { useApi } from "@/api/context";
import type { PutSettings, Settings } from "@/api/shapes";
import { UNPUSHED } from "@/api/unpushed";

export const SETTINGS = ["settings"] as const;

export const settingsQuery = (api: Api) =>
  queryOptions<Settings>({ ...UNPUSHED, queryKey: SETTINGS, queryFn: () => answered(api.GET("/settings")) });

export function usePutSettings() {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<Settings, Error, PutSettings>({
    mutationFn: (body) => answered(api.PUT("/settings", { body })),
    onSuccess: (settings) => cache.setQueryData<Settings>(SETTINGS, settings),
  });
}
