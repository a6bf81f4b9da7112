/** Hands the records that the filters let through to the person, as JSON lines; large logs take a while, and say so. */
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import type { AuditFilter } from "@/api/shapes";
import { messageOf } from "@/lib/problem";
import { save } from "@/lib/save";
import { exportedAudit } from "./api";

export function ExportButton({ filter }: { filter: AuditFilter }) {
  const { t } = useTranslation();
  const api = useApi();
  const [count, setCount] = useState<number>();
  const run = async () => {
    let lines = 0;
    setCount(0);
    try {
      const parts = await exportedAudit(api, filter, (soFar) => {
        lines = soFar;
        setCount(soFar);
      });
      save(`wirety-audit-${new Date().toISOString().slice(0, 10)}.jsonl`, ...parts);
      notifications.show({ message: t("audit.exported", { count: lines }) });
    } catch (error) {
      notifications.show({ title: t("audit.exportFailed"), message: messageOf(error), color: "red" });
    } finally {
      setCount(undefined);
    }
  };
  const isRunning = count !== undefined;
  return (
    <Button
      variant="default"
      leftSection={<IconDownload size={16} aria-hidden />}
      disabled={isRunning}
      onClick={() => void run()}
    >
      <span aria-live="polite">{isRunning ? t("audit.exporting", { count }) : t("audit.export")}</span>
    </Button>
  );
}
