/** Roles, and which of them somebody may hand on. */
import type { components } from "@/api/schema";

type Role = components["schemas"]["Me"]["role"];

/** From the one that may most. */
export const ROLES = ["administrator", "operator", "auditor", "member"] as const satisfies readonly Role[];

/** Which roles one may give to an API token: those whose every right it has. As the server's own table. */
export const HANDED_ON: Readonly<Record<Role, readonly Role[]>> = {
  administrator: ["administrator", "operator", "auditor", "member"],
  operator: ["operator", "member"],
  auditor: ["auditor"],
  member: ["member"],
};
