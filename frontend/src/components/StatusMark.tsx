/** A status by shape and word, never by colour alone: disc, half, ring, dashes, plus, cross. */
import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { PeerStatus } from "@/api/shapes";

const COLOR: Record<PeerStatus, string> = {
  online: "var(--wirety-online)",
  idle: "var(--wirety-idle)",
  offline: "var(--wirety-offline)",
  pending: "var(--wirety-offline)",
  pending_approval: "var(--wirety-idle)",
  blocked: "var(--wirety-blocked)",
};

export function StatusMark({ status }: { status: PeerStatus }) {
  const { t } = useTranslation();
  return (
    <Group gap={8} wrap="nowrap" component="span" display="inline-flex">
      <Shape status={status} />
      <Text span size="sm">
        {t(`statuses.${status}`)}
      </Text>
    </Group>
  );
}

function Shape({ status }: { status: PeerStatus }) {
  const color = COLOR[status];
  return (
    <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" fill="none" stroke={color} strokeWidth="2">
      {status === "online" && <circle cx="6" cy="6" r="5" fill={color} stroke="none" />}
      {status === "idle" && (
        <>
          <circle cx="6" cy="6" r="4.5" />
          <path d="M6 1.5a4.5 4.5 0 0 1 0 9z" fill={color} stroke="none" />
        </>
      )}
      {status === "offline" && <circle cx="6" cy="6" r="4.5" />}
      {status === "pending_approval" && <path d="M6 1v10M1 6h10" strokeDasharray="2.4 1.6" />}
      {status === "pending" && <circle cx="6" cy="6" r="4.5" strokeDasharray="2.4 2.3" />}
      {status === "blocked" && <path d="M2 2l8 8M10 2l-8 8" strokeLinecap="round" />}
    </svg>
  );
}
