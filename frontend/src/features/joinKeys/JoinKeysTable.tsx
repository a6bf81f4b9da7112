/** Join keys in rows: whether they still let hosts in, how often they did, and what their peers get. */
import { Badge, Group, Text } from "@mantine/core";
import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { JoinKey, Network } from "@/api/shapes";
import type { Column } from "@/components/column";
import { DataTable } from "@/components/DataTable";
import { FilterBar } from "@/components/FilterBar";
import { useFilters } from "@/components/filters";
import type { Reading } from "@/components/Loaded";
import { When } from "@/components/When";
import { STATES } from "./filters";
import { JoinKeyMenu } from "./JoinKeyMenu";
import { KeyState } from "./KeyState";

type Props = { network: Network; reading: Reading<JoinKey[]>; empty: ReactNode };

export function JoinKeysTable({ network, reading, empty }: Props) {
  const { t } = useTranslation();
  const [{ q = "", state }] = useFilters();
  const columns = useColumns();
  const states = STATES.map((value) => ({ value, label: t(`joinKeys.${value}`) }));
  return (
    <DataTable
      label={t("joinKeys.title")}
      reading={reading}
      failed={t("joinKeys.readFailed")}
      columns={columns}
      passes={(key) =>
        (!state || key.state === state) && `${key.name} ${key.tags.join(" ")}`.toLowerCase().includes(q.toLowerCase())
      }
      filters={
        <FilterBar
          search={t("joinKeys.search")}
          choices={[{ name: "state", label: t("joinKeys.state"), any: t("joinKeys.anyState"), values: states }]}
        />
      }
      count={(shown, all) =>
        shown === all ? t("joinKeys.count", { count: all }) : t("joinKeys.shown", { shown, count: all })
      }
      empty={empty}
      actions={(key) => <JoinKeyMenu network={network} joinKey={key} />}
    />
  );
}

function useColumns(): ReadonlyArray<Column<JoinKey>> {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("joinKeys.name"),
        value: (key) => key.name,
        cell: (key) => (
          <Text fw={600} size="sm" truncate title={key.name}>
            {key.name}
          </Text>
        ),
      },
      {
        id: "state",
        header: t("joinKeys.state"),
        value: (key) => STATES.indexOf(key.state),
        cell: (key) => <KeyState state={key.state} />,
      },
      {
        id: "uses",
        header: t("joinKeys.uses"),
        value: (key) => key.used,
        cell: ({ used, uses }) =>
          uses === null ? t("joinKeys.usesOpen", { used }) : t("joinKeys.usesOf", { used, uses }),
      },
      {
        id: "peers",
        header: t("joinKeys.peers"),
        value: (key) => key.tags.join(" "),
        cell: (key) => <Given joinKey={key} />,
      },
      {
        id: "used",
        header: t("joinKeys.lastUsed"),
        value: (key) => key.last_used_at ?? "",
        cell: (key) => <When at={key.last_used_at} otherwise={t("joinKeys.never")} />,
      },
      {
        id: "expires",
        header: t("joinKeys.expires"),
        value: (key) => key.expires_at,
        cell: (key) => <When at={key.expires_at} otherwise="" isAhead />,
      },
      { id: "maker", header: t("joinKeys.maker"), value: (key) => key.created_by, cell: (key) => key.created_by },
    ],
    [t],
  );
}

/** What its peers get. */
function Given({ joinKey }: { joinKey: JoinKey }) {
  const { t } = useTranslation();
  const said = [
    joinKey.needs_approval ? t("joinKeys.approval") : t("joinKeys.plain"),
    ...(joinKey.ephemeral ? [t("joinKeys.ephemeral")] : []),
    ...(joinKey.is_isolated ? [t("joinKeys.isolated")] : []),
    ...(joinKey.full_encapsulation ? [t("joinKeys.everything")] : []),
  ].join(", ");
  return (
    <Group gap={6} wrap="nowrap">
      <Text size="sm" truncate title={said}>
        {said}
      </Text>
      {joinKey.tags.map((tag) => (
        <Badge key={tag} size="sm" variant="default" tt="none" style={{ flex: "none" }}>
          {tag}
        </Badge>
      ))}
    </Group>
  );
}
