/** The addresses in use, in rows: whose they are, and when those in quarantine are free again. */
import { Text } from "@mantine/core";
import { IconMapPin } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Allocation } from "@/api/shapes";
import type { Column } from "@/components/column";
import { DataTable } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { FilterBar } from "@/components/FilterBar";
import { useFilters } from "@/components/filters";
import { When } from "@/components/When";
import { addressOrder } from "@/lib/addresses";
import { STATES } from "./filters";

type Row = Allocation & { id: string; name: string };

export function AddressesTable({ allocations }: { allocations: readonly Allocation[] }) {
  const { t } = useTranslation();
  const [{ q = "", state }] = useFilters();
  const rows = useMemo(
    () => allocations.map((allocation): Row => ({ ...allocation, id: allocation.address, name: allocation.address })),
    [allocations],
  );
  const columns = useColumns();
  const words = q.toLowerCase();
  return (
    <DataTable
      label={t("addresses.allocations")}
      reading={{ data: rows, error: null, refetch: () => undefined }}
      failed={t("addresses.readFailed")}
      columns={columns}
      passes={(row) =>
        (!state || row.state === state) &&
        `${row.address} ${row.address_v6 ?? ""} ${row.peer_name ?? ""}`.toLowerCase().includes(words)
      }
      filters={
        <FilterBar
          search={t("addresses.search")}
          choices={[
            {
              name: "state",
              label: t("addresses.state"),
              any: t("addresses.anyState"),
              values: STATES.map((value) => ({ value, label: t(`addresses.${value}`) })),
            },
          ]}
        />
      }
      count={(shown, all) =>
        shown === all ? t("addresses.count", { count: all }) : t("addresses.shown", { shown, count: all })
      }
      empty={
        <EmptyState
          icon={<IconMapPin size={30} aria-hidden />}
          title={t("addresses.emptyTitle")}
          text={t("addresses.emptyText")}
        />
      }
    />
  );
}

function useColumns(): ReadonlyArray<Column<Row>> {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "address",
        header: t("addresses.address"),
        value: (row) => addressOrder(row.address),
        cell: (row) => (
          <Text ff="monospace" size="sm" truncate title={row.address_v6 ?? row.address}>
            {row.address}
          </Text>
        ),
      },
      {
        id: "peer",
        header: t("addresses.peer"),
        value: (row) => row.peer_name ?? "",
        cell: (row) => row.peer_name ?? t("addresses.gone"),
      },
      {
        id: "state",
        header: t("addresses.state"),
        value: (row) => row.state,
        cell: (row) => t(`addresses.${row.state}`),
      },
      {
        id: "free",
        header: t("addresses.freeAt"),
        value: (row) => row.available_at ?? "",
        cell: (row) => <When at={row.available_at} otherwise={t("words.none")} isAhead />,
      },
    ],
    [t],
  );
}
