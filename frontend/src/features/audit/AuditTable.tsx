/** Records of the audit log in rows, the newest first. */
import { Text } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useVisibleNetworks } from "@/api/networks";
import type { AuditRecord, Granted } from "@/api/shapes";
import type { Column } from "@/components/column";
import { namesOf } from "@/components/NetworkNames";
import { TableGrid } from "@/components/TableGrid";
import { When } from "@/components/When";
import { OutcomeMark } from "./OutcomeMark";
import { saidAction } from "./said";

type Row = AuditRecord & { name: string };
const NO_NETWORKS: readonly Granted[] = [];

export function AuditTable({ records, onOpen }: { records: readonly AuditRecord[]; onOpen: (id: string) => void }) {
  const { t } = useTranslation();
  const rows = useMemo(
    () => records.map((record): Row => ({ ...record, name: `${saidAction(record.action)}, ${record.target.name}` })),
    [records],
  );
  const columns = useColumns(useVisibleNetworks() ?? NO_NETWORKS);
  return <TableGrid label={t("audit.title")} columns={columns} rows={rows} onOpen={(row) => onOpen(row.id)} />;
}

function useColumns(networks: readonly Granted[]): ReadonlyArray<Column<Row>> {
  const { t } = useTranslation();
  return useMemo(
    () => [
      { id: "at", header: t("audit.at"), value: (row) => row.at, cell: (row) => <When at={row.at} otherwise="" /> },
      {
        id: "actor",
        header: t("audit.actor"),
        value: (row) => row.actor.name,
        cell: ({ actor }) => (
          <Named name={actor.name} kind={actor.kind === "user" ? "" : t(`audit.kind.${actor.kind}`)} />
        ),
      },
      {
        id: "action",
        header: t("audit.action"),
        value: (row) => row.action,
        cell: (row) => (
          <Text size="sm" fw={600}>
            {saidAction(row.action)}
          </Text>
        ),
      },
      {
        id: "target",
        header: t("audit.target"),
        value: (row) => row.target.name,
        cell: ({ target }) => <Named name={target.name} kind={target.kind.replaceAll("_", " ")} />,
      },
      {
        id: "network",
        header: t("audit.network"),
        value: (row) => row.network_id ?? "",
        cell: ({ network_id }) => (
          <Text size="sm" truncate>
            {network_id ? namesOf([network_id], networks).join() : t("words.none")}
          </Text>
        ),
      },
      {
        id: "outcome",
        header: t("audit.outcome"),
        value: (row) => row.outcome,
        cell: (row) => <OutcomeMark outcome={row.outcome} />,
      },
      {
        id: "source",
        header: t("audit.source"),
        value: (row) => row.source ?? "",
        cell: (row) => (
          <Text size="sm" ff="monospace">
            {row.source ?? t("words.none")}
          </Text>
        ),
      },
    ],
    [t, networks],
  );
}

function Named({ name, kind }: { name: string; kind: string }) {
  return (
    <Text size="sm" truncate title={name}>
      {name}{" "}
      {kind && (
        <Text span size="xs" c="dimmed">
          {kind}
        </Text>
      )}
    </Text>
  );
}
