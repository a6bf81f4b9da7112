/** One record: who, what, when and from where, and each setting before and after, side by side. */
import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { IconFilter } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useVisibleNetworks } from "@/api/networks";
import type { AuditRecord } from "@/api/shapes";
import { Fact, Facts } from "@/components/Facts";
import { useFilters } from "@/components/filters";
import { namesOf } from "@/components/NetworkNames";
import { SidePanel } from "@/components/SidePanel";
import { exactly } from "@/lib/time";
import { OutcomeMark } from "./OutcomeMark";
import classes from "./RecordPanel.module.css";
import { differences, saidAction } from "./said";

export default function RecordPanel({ record, onClose }: { record: AuditRecord; onClose: () => void }) {
  const { t } = useTranslation();
  const networks = useVisibleNetworks() ?? [];
  const [, change] = useFilters();
  const { actor, target, network_id, source, request_id } = record;
  return (
    <SidePanel title={saidAction(record.action)} size={640} onClose={onClose}>
      <Stack>
        <Facts>
          <Fact label={t("audit.at")} value={exactly(record.at)} />
          <Fact label={t("audit.outcome")}>
            <OutcomeMark outcome={record.outcome} />
          </Fact>
          <Fact label={t("audit.actor")} value={`${actor.name} (${t(`audit.kind.${actor.kind}`)})`} />
          <Fact label={t("audit.target")} value={`${target.name} (${target.kind.replaceAll("_", " ")})`} />
          <Fact
            label={t("audit.network")}
            value={network_id ? namesOf([network_id], networks).join() : t("audit.noNetwork")}
          />
          {source ? (
            <Fact label={t("audit.source")} value={source} copy />
          ) : (
            <Fact label={t("audit.source")} value={t("audit.noSource")} />
          )}
          {request_id && <Fact label={t("audit.request")} value={request_id} copy />}
        </Facts>
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            leftSection={<IconFilter size={14} aria-hidden />}
            onClick={() => change({ actor: actor.id, open: undefined })}
          >
            {t("audit.onlyActor", { name: actor.name })}
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconFilter size={14} aria-hidden />}
            onClick={() => change({ target: target.id, open: undefined })}
          >
            {t("audit.onlyTarget", { name: target.name })}
          </Button>
        </Group>
        <Title order={3} size="h4">
          {t("audit.changes")}
        </Title>
        <SideBySide record={record} />
      </Stack>
    </SidePanel>
  );
}

function SideBySide({ record }: { record: AuditRecord }) {
  const { t } = useTranslation();
  const rows = differences(record);
  if (rows.length === 0) return <Text size="sm">{t("audit.noDetails")}</Text>;
  return (
    <table className={classes.table} aria-label={t("audit.changes")}>
      <thead>
        <tr>
          <th scope="col">{t("audit.setting")}</th>
          <th scope="col">{t("audit.before")}</th>
          <th scope="col">{t("audit.after")}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, before, after, isChanged }) => (
          <tr key={name} data-changed={isChanged || undefined}>
            <th scope="row">{name}</th>
            <Value text={before} isStruck={isChanged} />
            <Value text={after} isStruck={false} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Value({ text, isStruck }: { text: string; isStruck: boolean }) {
  const { t } = useTranslation();
  if (!text) return <td className={classes.nothing}>{t("audit.nothing")}</td>;
  return <td>{isStruck ? <del className={classes.was}>{text}</del> : text}</td>;
}
