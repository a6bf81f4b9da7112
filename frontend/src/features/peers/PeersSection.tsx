/** A network's peers: the table with its filters, and adding one. */
import { Button, Group, Stack, Title } from "@mantine/core";
import { IconPlus, IconRouter } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { useMay } from "@/api/me";
import type { PeerKind } from "@/api/shapes";
import { EmptyState } from "@/components/EmptyState";
import { useNetwork } from "@/components/network";
import { peersQuery } from "./api";
import { PeersTable } from "./PeersTable";
import { useSilence } from "./silence";
import { WaitingPeers } from "./WaitingPeers";

const AddPeerDialog = lazy(() => import("./AddPeerDialog"));

export default function PeersSection() {
  const { t } = useTranslation();
  const network = useNetwork();
  const reading = useQuery(peersQuery(useApi(), network.id));
  const mayAdd = useMay("POST /networks/{network_id}/peers");
  const [adding, setAdding] = useState<{ kind?: PeerKind }>();
  const peers = reading.data ?? [];
  useSilence(network.id, peers);
  return (
    <Stack gap="sm" component="section" aria-label={t("peers.title")}>
      <Group justify="space-between">
        <Title order={2} size="h3">
          {t("peers.title")}
        </Title>
        {mayAdd && peers.length > 0 && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding({})}>
            {t("peers.add")}
          </Button>
        )}
      </Group>
      <WaitingPeers network={network} />
      <PeersTable
        network={network}
        reading={reading}
        empty={
          <EmptyState
            icon={<IconRouter size={30} aria-hidden />}
            title={t("peers.emptyTitle")}
            text={t("peers.emptyText")}
          >
            {mayAdd && <Button onClick={() => setAdding({ kind: "jump" })}>{t("peers.emptyAction")}</Button>}
          </EmptyState>
        }
      />
      <Suspense>
        {adding && <AddPeerDialog network={network} peers={peers} onClose={() => setAdding(undefined)} {...adding} />}
      </Suspense>
    </Stack>
  );
}
