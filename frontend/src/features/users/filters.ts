/** How people are filtered and sorted, and whose panel is open, as it stands in the address. */
import type { User } from "@/api/shapes";
import { type Given, oneOf, set, sorting, words } from "@/lib/filters";
import { ROLES } from "@/lib/roles";

export const STATES = ["active", "invited", "suspended"] as const;
export const COLUMNS = ["name", "state", "role", "networks", "devices", "seen"] as const;

export type UsersSearch = { q?: string; state?: string; role?: string; sort?: string; open?: string };

export const usersSearch = (given: Given): UsersSearch =>
  set({
    q: words(given.q),
    state: oneOf(given.state, STATES),
    role: oneOf(given.role, ROLES),
    sort: sorting(given.sort, COLUMNS),
    open: words(given.open),
  });

export function passes(user: User, { q = "", state, role }: UsersSearch): boolean {
  return (
    (!state || user.state === state) &&
    (!role || roleOf(user) === role) &&
    `${user.name ?? ""} ${user.email ?? ""}`.toLowerCase().includes(q.toLowerCase())
  );
}

/** What somebody may do; of an invitation, what they may from their first sign-in on. */
export const roleOf = (user: Pick<User, "state" | "role" | "own_role">): User["role"] =>
  user.state === "invited" ? user.own_role : user.role;

/** As people are called: by name, else by address. */
export const nameOf = (user: Pick<User, "id" | "name" | "email">): string => user.name ?? user.email ?? user.id;
