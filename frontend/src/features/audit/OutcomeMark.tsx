/** Whether it was done or refused, by shape and word. */
import { Group, Text } from "@mantine/core";
import { IconBan, IconCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { AuditRecord } from "@/api/shapes";

export function OutcomeMark({ outcome }: { outcome: AuditRecord["outcome"] }) {
  const { t } = useTranslation();
  return (
    <Group gap={6} wrap="nowrap" component="span" display="inline-flex">
      {outcome === "done" ? (
        <IconCheck size={15} color="var(--wirety-online)" aria-hidden />
      ) : (
        <IconBan size={15} color="var(--wirety-blocked)" aria-hidden />
      )}
      <Text span size="sm">
        {t(`audit.${outcome}`)}
      </Text>
    </Group>
  );
}
