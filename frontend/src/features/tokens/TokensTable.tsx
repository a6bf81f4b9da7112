/** API tokens in rows: what each may do, who made it, when and from where it was last used. */
import { Text } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/api/me";
import { useVisibleNetworks } from "@/api/networks";
import type { ApiToken, Granted } from "@/api/shapes";
import type { Column } from "@/components/column";
import { DataTable } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { FilterBar } from "@/components/FilterBar";
import { useFilters } from "@/components/filters";
import type { Reading } from "@/components/Loaded";
import { NetworkNames } from "@/components/NetworkNames";
import { When } from "@/components/When";
import { TokenMenu } from "./TokenMenu";

const NO_NETWORKS: readonly Granted[] = [];

type Props = { reading: Reading<ApiToken[]>; maySeeAll: boolean };

export function TokensTable({ reading, maySeeAll }: Props) {
  const { t } = useTranslation();
  const [{ q = "", whose }] = useFilters();
  const columns = useColumns(useMe()?.id, useVisibleNetworks() ?? NO_NETWORKS, maySeeAll && whose === "all");
  const filters = (
    <FilterBar
      search={t("tokens.search")}
      choices={
        maySeeAll
          ? [
              {
                name: "whose",
                label: t("tokens.whose"),
                any: t("tokens.own"),
                values: [{ value: "all", label: t("tokens.all") }],
              },
            ]
          : []
      }
    />
  );
  return (
    <DataTable
      label={t("tokens.title")}
      reading={reading}
      failed={t("tokens.readFailed")}
      columns={columns}
      passes={(token) => `${token.name} ${token.maker_name ?? ""}`.toLowerCase().includes(q.toLowerCase())}
      filters={filters}
      count={(shown, all) =>
        shown === all ? t("tokens.count", { count: all }) : t("tokens.shown", { shown, count: all })
      }
      empty={
        <>
          {filters}
          <EmptyState
            icon={<IconKey size={30} aria-hidden />}
            title={t("tokens.emptyTitle")}
            text={t("tokens.emptyText")}
          />
        </>
      }
      actions={(token) => <TokenMenu token={token} />}
    />
  );
}

function useColumns(me: string | undefined, networks: readonly Granted[], hasMaker: boolean) {
  const { t } = useTranslation();
  return useMemo((): ReadonlyArray<Column<ApiToken>> => {
    const maker: Column<ApiToken> = {
      id: "maker",
      header: t("tokens.maker"),
      value: (token) => token.maker_name ?? "",
      cell: (token) => (token.maker_id === me ? t("tokens.you") : (token.maker_name ?? t("tokens.makerGone"))),
    };
    return [
      {
        id: "name",
        header: t("tokens.name"),
        value: (token) => token.name,
        cell: (token) => (
          <Text fw={600} size="sm" truncate title={token.name}>
            {token.name}
          </Text>
        ),
      },
      {
        id: "role",
        header: t("tokens.role"),
        value: (token) => token.role,
        cell: (token) => t(`role.${token.role}`),
      },
      {
        id: "networks",
        header: t("tokens.networks"),
        value: (token) => token.networks?.length ?? Number.MAX_SAFE_INTEGER,
        cell: (token) => <NetworkNames ids={token.networks} known={networks} />,
      },
      ...(hasMaker ? [maker] : []),
      {
        id: "used",
        header: t("tokens.used"),
        value: (token) => token.last_used_at ?? "",
        cell: (token) => <LastUse token={token} />,
      },
      {
        id: "expires",
        header: t("tokens.expires"),
        value: (token) => token.expires_at ?? "9",
        cell: (token) => <Expiry at={token.expires_at} />,
      },
      {
        id: "created",
        header: t("tokens.created"),
        value: (token) => token.created_at,
        cell: (token) => <When at={token.created_at} otherwise="" />,
      },
    ];
  }, [t, me, networks, hasMaker]);
}

function LastUse({ token }: { token: ApiToken }) {
  const { t } = useTranslation();
  return (
    <>
      <When at={token.last_used_at} otherwise={t("tokens.unused")} />
      {token.last_used_from && (
        <Text span size="xs" c="dimmed">
          {" "}
          {t("tokens.usedFrom", { address: token.last_used_from })}
        </Text>
      )}
    </>
  );
}

function Expiry({ at }: { at: string | null }) {
  const { t } = useTranslation();
  const isOver = at !== null && Date.parse(at) <= Date.now();
  if (!isOver) return <When at={at} otherwise={t("tokens.noEnd")} isAhead />;
  return (
    <Text size="sm" c="var(--mantine-color-error)">
      {t("tokens.expired")}
    </Text>
  );
}
