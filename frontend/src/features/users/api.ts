/** What is read and written of people, and under which key it is kept. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, answered } from "@/api/client";
import { useApi } from "@/api/context";
import { ME } from "@/api/me";
import { everyPage, page } from "@/api/pages";
import type { InviteUser, PatchUser, User } from "@/api/shapes";
import { UNPUSHED } from "@/api/unpushed";
import { removed, upserted } from "@/lib/items";

export const USERS = ["users"] as const;

export const usersQuery = (api: Api) =>
  queryOptions<User[]>({
    ...UNPUSHED,
    queryKey: USERS,
    queryFn: () => everyPage((cursor) => answered(api.GET("/users", { params: { query: page(cursor) } }))),
  });

export function useInviteUser() {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<User, Error, InviteUser>({
    mutationFn: (body) => answered(api.POST("/users", { body })),
    onSuccess: (user) => cache.setQueryData<User[]>(USERS, (known) => upserted(known, user)),
  });
}

export function useChangeUser() {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<User, Error, { id: string; change: PatchUser }>({
    mutationFn: ({ id, change }) =>
      answered(api.PATCH("/users/{user_id}", { params: { path: { user_id: id } }, body: change })),
    onSuccess: (user) => {
      cache.setQueryData<User[]>(USERS, (known) => upserted(known, user));
      void cache.invalidateQueries({ queryKey: ME }); // one's own, perhaps
    },
  });
}

/** `onDone` is called even when the row that asked for it went with its person. */
export function useRemoveUser(onDone: () => void) {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<undefined, Error, string>({
    mutationFn: (id) => answered(api.DELETE("/users/{user_id}", { params: { path: { user_id: id } } })),
    onSuccess: (_, id) => {
      cache.setQueryData<User[]>(USERS, (known) => removed(known, id));
      onDone();
    },
  });
}
