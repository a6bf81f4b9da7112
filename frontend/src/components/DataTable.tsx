/**
 * Rows of one kind: filtered and sorted by what the address says, selected for a bulk action, and drawn only
 * as far as they are in sight, for thousands of them.
 */
import { Button, Stack, Text } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type ReactNode, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { BulkBar } from "@/components/BulkBar";
import type { Column } from "@/components/column";
import { EmptyState } from "@/components/EmptyState";
import { useFilters } from "@/components/filters";
import { Loaded, type Reading } from "@/components/Loaded";
import { TableGrid } from "@/components/TableGrid";

export type TableProps<Row extends { id: string; name: string }> = {
  label: string;
  reading: Reading<Row[]>;
  failed: string;
  /** A constant or memo: with a new one all is sorted anew. */
  columns: ReadonlyArray<Column<Row>>;
  /** Whether a row passes the filters in the address. */
  passes: (row: Row) => boolean;
  filters: ReactNode;
  count: (shown: number, all: number) => string;
  empty: ReactNode;
  actions?: (row: Row) => ReactNode;
  /** Rows open what is known of them; their first cell is a button that does so too. */
  onOpen?: (row: Row) => void;
  /** What can be done to the selected rows; without it nothing is selectable. Dialogs are not part of it: it goes
   * when nothing is selected any more. */
  bulk?: (rows: Row[]) => ReactNode;
};

export function DataTable<Row extends { id: string; name: string }>(props: TableProps<Row>) {
  const { label, reading, failed, passes, filters, count, empty } = props;
  return (
    <Loaded reading={reading} what={label} failed={failed}>
      {(all) => {
        if (all.length === 0) return empty;
        const shown = all.filter(passes);
        return (
          <Stack gap="sm">
            {filters}
            <Text size="sm" c="dimmed" role="status">
              {count(shown.length, all.length)}
            </Text>
            {shown.length > 0 ? <Rows {...props} rows={shown} /> : <NoResults />}
          </Stack>
        );
      }}
    </Loaded>
  );
}

const texts = new Intl.Collator("en", { numeric: true });

type RowsProps<Row extends { id: string; name: string }> = TableProps<Row> & { rows: Row[] };

function Rows<Row extends { id: string; name: string }>(props: RowsProps<Row>) {
  const { label, rows, columns, actions, bulk, onOpen } = props;
  const [{ sort }, change] = useFilters();
  const first = columns[0]?.id ?? "";
  const by = (sort ?? first).replace(/^-/, "");
  const isDescending = sort?.startsWith("-") ?? false;
  const sorted = useMemo(() => {
    const value = columns.find((column) => column.id === by)?.value;
    const ascending = value ? rows.toSorted((a, b) => compared(value(a), value(b))) : rows;
    return isDescending ? ascending.toReversed() : ascending;
  }, [rows, columns, by, isDescending]);
  const sortBy = (id: string) => {
    const next = id === by && !isDescending ? `-${id}` : id;
    change({ sort: next === first ? undefined : next });
  };
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const selected = sorted.filter((row) => chosen.has(row.id));
  const choose = (row: Row, isOn: boolean) =>
    setChosen((before) => (isOn ? new Set(before).add(row.id) : new Set([...before].filter((id) => id !== row.id))));
  const selection = {
    has: (row: Row) => chosen.has(row.id),
    count: selected.length,
    choose,
    chooseAll: (isOn: boolean) => setChosen(new Set(isOn ? rows.map((row) => row.id) : [])),
  };
  return (
    <>
      <TableGrid
        label={label}
        columns={columns}
        rows={sorted}
        sorted={{ by, isDescending }}
        onSort={sortBy}
        {...(onOpen ? { onOpen } : {})}
        {...(actions ? { actions } : {})}
        {...(bulk ? { selection } : {})}
      />
      {bulk && selected.length > 0 && (
        <BulkBar count={selected.length} onClear={() => setChosen(new Set())}>
          {bulk(selected)}
        </BulkBar>
      )}
    </>
  );
}

function compared(a: string | number, b: string | number): number {
  return typeof a === "number" && typeof b === "number" ? a - b : texts.compare(String(a), String(b));
}

function NoResults() {
  const { t } = useTranslation();
  const [filters, change] = useFilters();
  const none = Object.fromEntries(Object.keys(filters).map((name) => [name, undefined]));
  return (
    <EmptyState
      icon={<IconSearch size={30} aria-hidden />}
      title={t("table.noResults")}
      text={t("table.noResultsText")}
    >
      <Button variant="default" onClick={() => change({ ...none, sort: filters.sort })}>
        {t("table.clear")}
      </Button>
    </EmptyState>
  );
}
