/** A network's peers: filters that live in the address, the table, and adding one. */
import { Button, Group, NativeSelect, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconPlus, IconRouter, IconSearch } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMayWrite } from "@/api/rights";
import type { Network, Peer, PeerKind } from "@/api/shapes";
import { EmptyState } from "@/components/EmptyState";
import { PeersTable } from "@/features/peers/PeersTable";
import { useSilence } from "@/features/peers/silence";
import { KINDS, type PeersSearch, peersSearch, STATUSES } from "@/lib/search";

const AddPeerDialog = lazy(() => import("@/features/peers/AddPeerDialog"));

export function PeersSection({ network, peers }: { network: Network; peers: Peer[] }) {
  const { t } = useTranslation();
  const mayWrite = useMayWrite();
  const [adding, setAdding] = useState<{ kind?: PeerKind }>();
  const search = useSearch({ from: "/networks/$networkId" });
  const shown = filtered(peers, search);
  useSilence(network.id, peers);
  return (
    <Stack gap="sm" component="section" aria-label={t("peers.title")}>
      <Group justify="space-between">
        <Title order={2} size="h3">
          {t("peers.title")}
        </Title>
        {mayWrite && peers.length > 0 && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding({})}>
            {t("peers.add")}
          </Button>
        )}
      </Group>
      {peers.length === 0 ? (
        <EmptyState
          icon={<IconRouter size={30} aria-hidden />}
          title={t("peers.emptyTitle")}
          text={t("peers.emptyText")}
        >
          {mayWrite && <Button onClick={() => setAdding({ kind: "jump" })}>{t("peers.emptyAction")}</Button>}
        </EmptyState>
      ) : (
        <>
          <Filters search={search} />
          <Text size="sm" c="dimmed" role="status">
            {shown.length === peers.length
              ? t("peers.count", { count: peers.length })
              : t("peers.shown", { shown: shown.length, count: peers.length })}
          </Text>
          {shown.length > 0 ? <PeersTable network={network} peers={shown} /> : <NoResults />}
        </>
      )}
      <Suspense>
        {adding && <AddPeerDialog network={network} peers={peers} onClose={() => setAdding(undefined)} {...adding} />}
      </Suspense>
    </Stack>
  );
}

export function filtered(peers: Peer[], { q = "", kind, status }: PeersSearch): Peer[] {
  const wanted = q.toLowerCase();
  return peers.filter(
    (peer) =>
      (!kind || peer.kind === kind) &&
      (!status || peer.status === status) &&
      `${peer.name} ${peer.address} ${peer.address_v6 ?? ""} ${peer.endpoint ?? ""}`.toLowerCase().includes(wanted),
  );
}

function useFilter() {
  const navigate = useNavigate({ from: "/networks/$networkId" });
  return (change: Record<string, string>) =>
    void navigate({ search: (before) => peersSearch({ ...before, ...change }), replace: true });
}

function Filters({ search }: { search: PeersSearch }) {
  const { t } = useTranslation();
  const filter = useFilter();
  return (
    <Group gap="sm" align="flex-end">
      <TextInput
        aria-label={t("peers.search")}
        placeholder={t("peers.search")}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={search.q ?? ""}
        onChange={(event) => filter({ q: event.currentTarget.value })}
        style={{ flexGrow: 1, maxWidth: 320 }}
      />
      <NativeSelect
        aria-label={t("peers.kind")}
        value={search.kind ?? ""}
        onChange={(event) => filter({ kind: event.currentTarget.value })}
        data={[
          { value: "", label: t("peers.anyKind") },
          ...KINDS.map((value) => ({ value, label: t(`peers.${value}`) })),
        ]}
      />
      <NativeSelect
        aria-label={t("peers.status")}
        value={search.status ?? ""}
        onChange={(event) => filter({ status: event.currentTarget.value })}
        data={[
          { value: "", label: t("peers.anyStatus") },
          ...STATUSES.map((value) => ({ value, label: t(`statuses.${value}`) })),
        ]}
      />
    </Group>
  );
}

function NoResults() {
  const { t } = useTranslation();
  const filter = useFilter();
  return (
    <EmptyState
      icon={<IconSearch size={30} aria-hidden />}
      title={t("peers.noResults")}
      text={t("peers.noResultsText")}
    >
      <Button variant="default" onClick={() => filter({ q: "", kind: "", status: "" })}>
        {t("peers.clear")}
      </Button>
    </EmptyState>
  );
}
