/** A peer's kind by shape and word: a square is a hub. */
import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { PeerKind } from "@/api/shapes";

export function KindMark({ kind }: { kind: PeerKind }) {
  const { t } = useTranslation();
  return (
    <Group gap={8} wrap="nowrap" component="span" display="inline-flex">
      <svg
        width="12"
        height="12"
        viewBox="0 0 12 12"
        aria-hidden="true"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
      >
        {kind === "jump" && <rect x="1.5" y="1.5" width="9" height="9" rx="1.5" fill="currentColor" />}
        {kind === "dynamic" && <circle cx="6" cy="6" r="4.4" />}
        {kind === "static" && <rect x="3" y="1" width="6" height="10" rx="1.5" />}
      </svg>
      <Text span size="sm">
        {t(`peers.${kind}`)}
      </Text>
    </Group>
  );
}
