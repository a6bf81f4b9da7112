/** Networks in rows, each a link to its page. */
import { Anchor, Text } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCopy, IconTrash } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMay } from "@/api/me";
import type { Network } from "@/api/shapes";
import { ActionMenu } from "@/components/ActionMenu";
import type { Column } from "@/components/column";
import { DataTable } from "@/components/DataTable";
import { FilterBar } from "@/components/FilterBar";
import { useFilters } from "@/components/filters";
import type { Reading } from "@/components/Loaded";
import { When } from "@/components/When";
import { addressOrder } from "@/lib/addresses";

const DeleteNetwork = lazy(() => import("./DeleteNetwork"));

export function NetworksTable({ reading }: { reading: Reading<Network[]> }) {
  const { t } = useTranslation();
  const [{ q = "" }] = useFilters();
  const columns = useColumns();
  return (
    <DataTable
      label={t("networks.title")}
      reading={reading}
      failed={t("networks.readFailed")}
      columns={columns}
      passes={(one) =>
        `${one.name} ${one.cidr} ${one.cidr_v6 ?? ""} ${one.domain}`.toLowerCase().includes(q.toLowerCase())
      }
      filters={<FilterBar search={t("networks.search")} />}
      count={(shown, all) =>
        shown === all ? t("networks.count", { count: all }) : t("networks.shown", { shown, count: all })
      }
      empty={null}
      actions={(network) => <NetworkMenu network={network} />}
    />
  );
}

function useColumns(): ReadonlyArray<Column<Network>> {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("networks.name"),
        value: (network) => network.name,
        cell: (network) => (
          <Anchor
            component={Link}
            to="/networks/$networkId"
            params={{ networkId: network.id } as never}
            fw={600}
            size="sm"
            truncate
            display="block"
          >
            {network.name}
          </Anchor>
        ),
      },
      {
        id: "cidr",
        header: t("networks.cidr"),
        value: (network) => addressOrder(network.cidr),
        cell: (network) => (
          <Text size="sm" ff="monospace">
            {network.cidr}
          </Text>
        ),
      },
      { id: "domain", header: t("networks.domain"), value: (network) => network.domain, cell: ({ domain }) => domain },
      {
        id: "created",
        header: t("networks.created"),
        value: (network) => network.created_at,
        cell: (network) => <When at={network.created_at} otherwise="" />,
      },
    ],
    [t],
  );
}

function NetworkMenu({ network }: { network: Network }) {
  const { t } = useTranslation();
  const [deleting, setDeleting] = useState(false);
  const clipboard = useClipboard();
  const mayDelete = useMay("DELETE /networks/{network_id}");
  const copy = { label: t("networks.copyCidr"), icon: IconCopy, run: () => clipboard.copy(network.cidr) };
  const remove = {
    label: t("networks.delete"),
    icon: IconTrash,
    run: () => setDeleting(true),
    isDestructive: true,
  };
  return (
    <>
      <ActionMenu name={network.name} actions={mayDelete ? [copy, remove] : [copy]} />
      <Suspense>
        {deleting && <DeleteNetwork network={network} peers={undefined} onClose={() => setDeleting(false)} />}
      </Suspense>
    </>
  );
}
