/** The page of the audit log, loaded when visited. */
import { visited } from "@/lib/visited";
import { auditSearch } from "./filters";

export const auditRoute = {
  path: "/audit",
  validateSearch: auditSearch,
  component: visited(
    () => import("./AuditPage"),
    () => import("./texts"),
  ),
} as const;
