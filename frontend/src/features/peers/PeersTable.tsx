/** Peers in rows, sorted by a click; only the rows in sight are drawn. */
import { Group, Text, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import {
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  type SortingState,
  sortFns,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Network, Peer } from "@/api/shapes";
import { StatusMark } from "@/components/StatusMark";
import { When } from "@/components/When";
import { KindMark } from "@/features/peers/KindMark";
import { PeerMenu } from "@/features/peers/PeerMenu";
import classes from "@/features/peers/PeersTable.module.css";

const ROW_PX = 49;
const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFns.alphanumeric, basic: sortFns.basic, text: sortFns.text },
});
const helper = createColumnHelper<typeof features, Peer>();

export function PeersTable({ network, peers }: { network: Network; peers: Peer[] }) {
  const { t } = useTranslation();
  const [sorting, setSorting] = useState<SortingState>([{ id: "name", desc: false }]);
  const columns = useMemo(
    () =>
      helper.columns([
        helper.accessor("name", {
          header: t("peers.name"),
          sortFn: "alphanumeric",
          cell: (cell) => (
            <Text fw={600} size="sm" truncate>
              {cell.getValue()}
            </Text>
          ),
        }),
        helper.accessor("status", {
          header: t("peers.status"),
          sortFn: "text",
          cell: (cell) => <StatusMark status={cell.getValue()} />,
        }),
        helper.accessor("kind", {
          header: t("peers.kind"),
          sortFn: "text",
          cell: (cell) => <KindMark kind={cell.getValue()} />,
        }),
        helper.accessor((peer) => order(peer.address), {
          id: "address",
          header: t("peers.address"),
          sortFn: "basic",
          cell: (cell) => (
            <Text size="sm" ff="monospace">
              {cell.row.original.address}
            </Text>
          ),
        }),
        helper.accessor((peer) => peer.endpoint ?? "", {
          id: "endpoint",
          header: t("peers.endpoint"),
          sortFn: "text",
          cell: (cell) => <Endpoint peer={cell.row.original} />,
        }),
        helper.accessor((peer) => peer.last_seen ?? "", {
          id: "seen",
          header: t("peers.seen"),
          sortFn: "text",
          cell: (cell) => <When at={cell.row.original.last_seen} otherwise={t("peers.never")} />,
        }),
      ]),
    [t],
  );
  const table = useTable({
    features,
    columns,
    data: peers,
    getRowId: (peer: Peer) => peer.id,
    state: { sorting },
    onSortingChange: setSorting,
    enableSortingRemoval: false,
  });
  const rows = table.getRowModel().rows;
  return (
    <div className={classes.scroll}>
      <table className={classes.table} aria-label={t("peers.title")} aria-rowcount={rows.length + 1}>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id} aria-rowindex={1}>
              {group.headers.map((header) => (
                <HeaderCell
                  key={header.id}
                  sorted={header.column.getIsSorted()}
                  onSort={() => header.column.toggleSorting()}
                >
                  <table.FlexRender header={header} />
                </HeaderCell>
              ))}
              <th scope="col">
                <VisuallyHidden>{t("peers.actions")}</VisuallyHidden>
              </th>
            </tr>
          ))}
        </thead>
        <VisibleRows count={rows.length}>
          {(index) => {
            const row = rows[index];
            return (
              row && (
                <tr key={row.id} aria-rowindex={index + 2}>
                  {row.getAllCells().map((cell) => (
                    <td key={cell.id}>
                      <table.FlexRender cell={cell} />
                    </td>
                  ))}
                  <td className={classes.menu}>
                    <PeerMenu network={network} peer={row.original} />
                  </td>
                </tr>
              )
            );
          }}
        </VisibleRows>
      </table>
    </div>
  );
}

function HeaderCell(props: { sorted: false | "asc" | "desc"; onSort: () => void; children: ReactNode }) {
  const said = props.sorted === "asc" ? "ascending" : props.sorted === "desc" ? "descending" : "none";
  return (
    <th scope="col" aria-sort={said}>
      <UnstyledButton className={classes.sort} onClick={props.onSort}>
        <Group gap={4} wrap="nowrap">
          {props.children}
          {props.sorted === "asc" && <IconArrowUp size={14} aria-hidden />}
          {props.sorted === "desc" && <IconArrowDown size={14} aria-hidden />}
        </Group>
      </UnstyledButton>
    </th>
  );
}

/** The rows in the window, between two spacers as high as the others would be. */
function VisibleRows({ count, children }: { count: number; children: (index: number) => ReactNode }) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [scrollMargin, setScrollMargin] = useState(0);
  useLayoutEffect(() => {
    setScrollMargin((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
  }, []);
  const virtualizer = useWindowVirtualizer({ count, estimateSize: () => ROW_PX, overscan: 12, scrollMargin });
  const visible = virtualizer.getVirtualItems();
  const before = (visible[0]?.start ?? scrollMargin) - scrollMargin;
  const after = virtualizer.getTotalSize() - ((visible.at(-1)?.end ?? scrollMargin) - scrollMargin);
  return (
    <tbody ref={body}>
      {before > 0 && <Spacer height={before} />}
      {visible.map((item) => children(item.index))}
      {after > 0 && <Spacer height={after} />}
    </tbody>
  );
}

function Spacer({ height }: { height: number }) {
  return (
    <tr>
      <td style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}

function Endpoint({ peer }: { peer: Peer }) {
  const { t } = useTranslation();
  if (!peer.endpoint)
    return (
      <Text size="sm" c="dimmed">
        –
      </Text>
    );
  const port = peer.published_port ?? peer.listen_port;
  const host = peer.endpoint.includes(":") ? `[${peer.endpoint}]` : peer.endpoint;
  return (
    <Text size="sm" ff="monospace" truncate title={peer.endpoint_guessed ? t("peers.guessed") : undefined}>
      {port ? `${host}:${port}` : host}
    </Text>
  );
}

/** An IPv4 address as a number, so that .9 comes before .10. */
function order(address: string): number {
  return address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
}
