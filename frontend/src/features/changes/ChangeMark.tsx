/** A change's mark: what it is about. */
import { IconKey, IconPlus, IconRouter, IconSettings, IconShieldLock, IconTrash, IconUser } from "@tabler/icons-react";
import type { Change } from "@/api/shapes";

export function ChangeMark({ what }: { what: Change["what"] }) {
  const Mark = markOf(what);
  return <Mark size={15} aria-hidden />;
}

function markOf(what: Change["what"]) {
  if (what.endsWith("_created")) return IconPlus;
  if (what.endsWith("_deleted") || what === "peer_left") return IconTrash;
  if (/^(key|psk|token)_/.test(what)) return IconKey;
  if (/^(home|jump)_/.test(what)) return IconRouter;
  if (what === "acl_replaced" || what.endsWith("blocked")) return IconShieldLock;
  return what.startsWith("peer_") ? IconUser : IconSettings;
}
