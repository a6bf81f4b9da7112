/** Networks in rows, each a link to its page. */
import { Table } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { createColumnHelper, tableFeatures, useTable } from "@tanstack/react-table";
import { useTranslation } from "react-i18next";
import type { Network } from "@/api/shapes";
import { When } from "@/components/When";
import classes from "@/features/networks/NetworksTable.module.css";

const features = tableFeatures({});
const helper = createColumnHelper<typeof features, Network>();

function Name({ network }: { network: Network }) {
  return (
    <Link to="/networks/$networkId" params={{ networkId: network.id }} className={classes.name}>
      {network.name}
    </Link>
  );
}

export function NetworksTable({ networks }: { networks: Network[] }) {
  const { t } = useTranslation();
  const columns = helper.columns([
    helper.accessor("name", { header: t("networks.name"), cell: (cell) => <Name network={cell.row.original} /> }),
    helper.accessor("cidr", { header: t("networks.cidr") }),
    helper.accessor("domain", { header: t("networks.domain") }),
    helper.accessor("created_at", {
      header: t("networks.created"),
      cell: (cell) => <When at={cell.getValue()} otherwise="" />,
    }),
  ]);
  const table = useTable({ features, columns, data: networks, getRowId: (network: Network) => network.id });
  return (
    <Table.ScrollContainer minWidth={480} scrollAreaProps={{ type: "auto" }}>
      <Table highlightOnHover verticalSpacing="sm" aria-label={t("networks.title")}>
        <Table.Thead>
          {table.getHeaderGroups().map((group) => (
            <Table.Tr key={group.id}>
              {group.headers.map((header) => (
                <Table.Th key={header.id} scope="col">
                  <table.FlexRender header={header} />
                </Table.Th>
              ))}
            </Table.Tr>
          ))}
        </Table.Thead>
        <Table.Tbody>
          {table.getRowModel().rows.map((row) => (
            <Table.Tr key={row.id}>
              {row.getAllCells().map((cell) => (
                <Table.Td key={cell.id}>
                  <table.FlexRender cell={cell} />
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
