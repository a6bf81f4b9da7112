/** What is read and written of API tokens, and under which key it is kept. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, answered } from "@/api/client";
import { useApi } from "@/api/context";
import { everyPage, page } from "@/api/pages";
import type { ApiToken, CreateToken, TokenCreated } from "@/api/shapes";
import { UNPUSHED } from "@/api/unpushed";

export const TOKENS = ["tokens"] as const;

/** One's own, or of all makers. */
export const tokensQuery = (api: Api, everybody: boolean) =>
  queryOptions<ApiToken[]>({
    ...UNPUSHED,
    queryKey: [...TOKENS, everybody ? "everybody" : "own"],
    queryFn: () =>
      everyPage((cursor) =>
        answered(
          api.GET("/tokens", { params: { query: { ...page(cursor), ...(everybody ? { everybody: true } : {}) } } }),
        ),
      ),
  });

/** Not kept anywhere once it is shown: the answer holds the token. */
export function useCreateToken() {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<TokenCreated, Error, CreateToken>({
    gcTime: 0,
    mutationFn: (body) => answered(api.POST("/tokens", { body })),
    onSuccess: () => void cache.invalidateQueries({ queryKey: TOKENS }),
  });
}

/** `onDone` is called even when the row that asked for it went with its token. */
export function useRevokeToken(onDone: () => void) {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<undefined, Error, string>({
    mutationFn: (id) => answered(api.DELETE("/tokens/{token_id}", { params: { path: { token_id: id } } })),
    onSuccess: (_, id) => {
      cache.setQueriesData<ApiToken[]>({ queryKey: TOKENS }, (known) => known?.filter((token) => token.id !== id));
      onDone();
    },
  });
}

/** The field that a refusal of these codes is about: conflicts name none. */
export const FIELD_OF_CODE = { name_in_use: "name" } as const;
