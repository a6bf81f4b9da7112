/** Whether a key still lets hosts in, by shape and word: a disc, a ring, a cross. */
import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { JoinKey } from "@/api/shapes";

export function KeyState({ state }: { state: JoinKey["state"] }) {
  const { t } = useTranslation();
  return (
    <Group gap={8} wrap="nowrap" component="span" display="inline-flex">
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" fill="none" strokeWidth="2">
        {state === "active" && <circle cx="6" cy="6" r="5" fill="var(--wirety-online)" />}
        {(state === "used_up" || state === "expired") && (
          <circle cx="6" cy="6" r="4.5" stroke="var(--wirety-offline)" />
        )}
        {state === "revoked" && <path d="M2 2l8 8M10 2l-8 8" strokeLinecap="round" stroke="var(--wirety-blocked)" />}
      </svg>
      <Text span size="sm">
        {t(`joinKeys.${state}`)}
      </Text>
    </Group>
  );
}
