/** Whether somebody is in, by shape and word: a disc, dashes, a cross. */
import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { User } from "@/api/shapes";

const COLOR = {
  active: "var(--wirety-online)",
  invited: "var(--wirety-offline)",
  suspended: "var(--wirety-blocked)",
} as const;

export function StateMark({ state }: { state: User["state"] }) {
  const { t } = useTranslation();
  const color = COLOR[state];
  return (
    <Group gap={8} wrap="nowrap" component="span" display="inline-flex">
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" fill="none" stroke={color} strokeWidth="2">
        {state === "active" && <circle cx="6" cy="6" r="5" fill={color} stroke="none" />}
        {state === "invited" && <circle cx="6" cy="6" r="4.5" strokeDasharray="2.4 2.3" />}
        {state === "suspended" && <path d="M2 2l8 8M10 2l-8 8" strokeLinecap="round" />}
      </svg>
      <Text span size="sm">
        {t(`users.${state}`)}
      </Text>
    </Group>
  );
}
