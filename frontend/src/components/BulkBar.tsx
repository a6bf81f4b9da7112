/** How many rows are selected, and what can be done to all of them; it stays in sight. */
import { CloseButton, Group, Paper, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import classes from "@/components/DataTable.module.css";

export function BulkBar({ count, onClear, children }: { count: number; onClear: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Paper withBorder shadow="md" radius="lg" px="md" py={8} className={classes.bulk}>
      <Group gap="sm" role="group" aria-label={t("table.bulk")}>
        <Text size="sm" fw={600} role="status">
          {t("table.selected", { count })}
        </Text>
        {children}
        <CloseButton aria-label={t("table.unselect")} onClick={onClear} />
      </Group>
    </Paper>
  );
}
