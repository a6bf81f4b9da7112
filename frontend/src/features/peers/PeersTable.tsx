/** Peers in rows, with their filters, and what can be done to several of them. */
import { Text } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMay } from "@/api/me";
import type { Network, Peer } from "@/api/shapes";
import type { Column } from "@/components/column";
import { DataTable } from "@/components/DataTable";
import { FilterBar } from "@/components/FilterBar";
import { useFilters } from "@/components/filters";
import type { Reading } from "@/components/Loaded";
import { StatusMark } from "@/components/StatusMark";
import { When } from "@/components/When";
import { addressOrder } from "@/lib/addresses";
import { BulkActions } from "./BulkActions";
import { KINDS, passes, STATUSES } from "./filters";
import { KindMark } from "./KindMark";
import { PeerMenu } from "./PeerMenu";

const DeletePeers = lazy(() => import("./DeletePeers"));

type Props = { network: Network; reading: Reading<Peer[]>; empty: ReactNode };

export function PeersTable({ network, reading, empty }: Props) {
  const { t } = useTranslation();
  const [filters] = useFilters();
  const columns = useColumns();
  const mayDelete = useMay("DELETE /networks/{network_id}/peers/{peer_id}");
  const [deleting, setDeleting] = useState<readonly Peer[]>();
  return (
    <>
      <DataTable
        label={t("peers.title")}
        reading={reading}
        failed={t("peers.readFailed")}
        columns={columns}
        passes={(peer) => passes(peer, filters)}
        filters={<PeerFilters />}
        count={(shown, all) =>
          shown === all ? t("peers.count", { count: all }) : t("peers.shown", { shown, count: all })
        }
        empty={empty}
        actions={(peer) => <PeerMenu peer={peer} />}
        {...(mayDelete
          ? { bulk: (peers: Peer[]) => <BulkActions peers={peers} onDelete={() => setDeleting(peers)} /> }
          : {})}
      />
      <Suspense>
        {deleting && <DeletePeers networkId={network.id} peers={deleting} onClose={() => setDeleting(undefined)} />}
      </Suspense>
    </>
  );
}

function PeerFilters() {
  const { t } = useTranslation();
  const kinds = KINDS.map((value) => ({ value, label: t(`peers.${value}`) }));
  const statuses = STATUSES.map((value) => ({ value, label: t(`statuses.${value}`) }));
  return (
    <FilterBar
      search={t("peers.search")}
      choices={[
        { name: "kind", label: t("peers.kind"), any: t("peers.anyKind"), values: kinds },
        { name: "status", label: t("peers.status"), any: t("peers.anyStatus"), values: statuses },
      ]}
    />
  );
}

function useColumns(): ReadonlyArray<Column<Peer>> {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("peers.name"),
        value: (peer) => peer.name,
        cell: (peer) => (
          <Text fw={600} size="sm" truncate title={peer.name}>
            {peer.name}
          </Text>
        ),
      },
      {
        id: "status",
        header: t("peers.status"),
        value: (peer) => peer.status,
        cell: (peer) => <StatusMark status={peer.status} />,
      },
      {
        id: "kind",
        header: t("peers.kind"),
        value: (peer) => peer.kind,
        cell: (peer) => <KindMark kind={peer.kind} />,
      },
      {
        id: "address",
        header: t("peers.address"),
        value: (peer) => addressOrder(peer.address),
        cell: (peer) => (
          <Text size="sm" ff="monospace">
            {peer.address}
          </Text>
        ),
      },
      {
        id: "endpoint",
        header: t("peers.endpoint"),
        value: (peer) => peer.endpoint ?? "",
        cell: (peer) => <Endpoint peer={peer} />,
      },
      {
        id: "seen",
        header: t("peers.seen"),
        value: (peer) => peer.last_seen ?? "",
        cell: (peer) => <When at={peer.last_seen} otherwise={t("peers.never")} />,
      },
    ],
    [t],
  );
}

function Endpoint({ peer }: { peer: Peer }) {
  const { t } = useTranslation();
  if (!peer.endpoint) {
    return (
      <Text size="sm" c="dimmed">
        –
      </Text>
    );
  }
  const port = peer.published_port ?? peer.listen_port;
  const host = peer.endpoint.includes(":") ? `[${peer.endpoint}]` : peer.endpoint;
  return (
    <Text size="sm" ff="monospace" truncate title={peer.endpoint_guessed ? t("peers.guessed") : undefined}>
      {port ? `${host}:${port}` : host}
    </Text>
  );
}
