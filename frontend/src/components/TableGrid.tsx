/** The table itself: a header that stays, sorting by its cells, and the rows in sight between two spacers. */
import { Checkbox, Group, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type MouseEvent, memo, type ReactNode, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Column } from "@/components/column";
import classes from "@/components/DataTable.module.css";

const ROW_PX = 40; // as in the styles
const SPARE_ROWS = 12;

type Selection<Row> = {
  count: number;
  has: (row: Row) => boolean;
  choose: (row: Row, isOn: boolean) => void;
  chooseAll: (isOn: boolean) => void;
};

type Props<Row> = {
  label: string;
  columns: ReadonlyArray<Column<Row>>;
  rows: readonly Row[];
  /** Without it, and without `onSort`, the order is not the reader's to choose. */
  sorted?: { by: string; isDescending: boolean };
  onSort?: (id: string) => void;
  /** Rows open by a click, and by keyboard with the button in their first cell. */
  onOpen?: (row: Row) => void;
  actions?: (row: Row) => ReactNode;
  selection?: Selection<Row>;
};

export function TableGrid<Row extends { id: string; name: string }>(props: Props<Row>) {
  const { label, columns, rows, sorted, onSort, onOpen, actions, selection } = props;
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: SPARE_ROWS,
  });
  const visible = virtualizer.getVirtualItems();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div
      ref={box}
      className={classes.scroll}
      data-bulk={(selection?.count ?? 0) > 0 || undefined}
      role="group"
      aria-label={t("table.scroll", { table: label })}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard
      tabIndex={0}
    >
      <table className={classes.table} aria-label={label} aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {selection && (
              <th scope="col" className={classes.select}>
                <Checkbox
                  size="xs"
                  aria-label={t("table.selectAll")}
                  checked={selection.count === rows.length}
                  indeterminate={selection.count > 0 && selection.count < rows.length}
                  onChange={(event) => selection.chooseAll(event.currentTarget.checked)}
                />
              </th>
            )}
            {columns.map(({ id, header }, at) => (
              <HeaderCell
                key={id}
                isFirst={at === 0}
                {...(sorted && onSort ? { sorted: directionOf(sorted, id), onSort: () => onSort(id) } : {})}
              >
                {header}
              </HeaderCell>
            ))}
            {actions && (
              <th scope="col" className={classes.actions}>
                <VisuallyHidden>{t("words.actions")}</VisuallyHidden>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          <Spacer height={visible[0]?.start ?? 0} />
          {visible.map(({ index }) => {
            const row = rows[index];
            if (!row) return null;
            return (
              <TableRow
                key={row.id}
                row={row}
                at={index}
                columns={columns}
                isSelected={selection?.has(row) ?? false}
                {...(selection ? { choose: selection.choose } : {})}
                {...(actions ? { actions } : {})}
                {...(onOpen ? { onOpen } : {})}
              />
            );
          })}
          <Spacer height={virtualizer.getTotalSize() - (visible.at(-1)?.end ?? 0)} />
        </tbody>
      </table>
    </div>
  );
}

type RowProps<Row> = Pick<Props<Row>, "columns" | "actions" | "onOpen"> & {
  row: Row;
  at: number;
  isSelected: boolean;
  choose?: Selection<Row>["choose"];
};

/** Kept as drawn while the table scrolls: only rows that come into sight are new. */
const TableRow = memo(DrawnRow) as typeof DrawnRow;

function DrawnRow<Row extends { id: string; name: string }>(props: RowProps<Row>) {
  const { row, at, columns, actions, isSelected, choose, onOpen } = props;
  const { t } = useTranslation();
  return (
    <tr
      aria-rowindex={at + 2}
      data-selected={isSelected || undefined}
      data-opens={onOpen ? true : undefined}
      {...(onOpen ? { onClick: (event: MouseEvent) => !isControl(event.target) && onOpen(row) } : {})}
    >
      {choose && (
        <td className={classes.select}>
          <Checkbox
            size="xs"
            aria-label={t("table.select", { name: row.name })}
            checked={isSelected}
            onChange={(event) => choose(row, event.currentTarget.checked)}
          />
        </td>
      )}
      {columns.map(({ id, cell }, column) => (
        <td key={id} className={column === 0 ? classes.first : undefined}>
          {column === 0 && onOpen ? (
            <UnstyledButton
              className={classes.open}
              aria-label={t("table.open", { name: row.name })}
              onClick={() => onOpen(row)}
            >
              {cell(row)}
            </UnstyledButton>
          ) : (
            cell(row)
          )}
        </td>
      ))}
      {actions && <td className={classes.actions}>{actions(row)}</td>}
    </tr>
  );
}

function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a, button, input, label, [role=menu]") !== null;
}

type Direction = "ascending" | "descending" | "none";

function directionOf({ by, isDescending }: { by: string; isDescending: boolean }, id: string): Direction {
  if (by !== id) return "none";
  return isDescending ? "descending" : "ascending";
}

type HeaderProps = {
  sorted?: Direction;
  isFirst: boolean;
  onSort?: () => void;
  children: ReactNode;
};

function HeaderCell({ sorted, isFirst, onSort, children }: HeaderProps) {
  const className = isFirst ? classes.first : undefined;
  if (!onSort) {
    return (
      <th scope="col" className={className}>
        {children}
      </th>
    );
  }
  return (
    <th scope="col" aria-sort={sorted} className={className}>
      <UnstyledButton className={classes.sort} onClick={onSort}>
        <Group gap={4} wrap="nowrap">
          {children}
          <span className={classes.arrow}>
            {sorted === "ascending" && <IconArrowUp size={14} aria-hidden />}
            {sorted === "descending" && <IconArrowDown size={14} aria-hidden />}
          </span>
        </Group>
      </UnstyledButton>
    </th>
  );
}

/** As high as the rows that are not drawn. */
function Spacer({ height }: { height: number }) {
  return height > 0 ? (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row of a table takes no focus
    <tr aria-hidden="true">
      <td style={{ height, padding: 0, border: 0 }} />
    </tr>
  ) : null;
}
