/** Hosts that joined by a key that asks for approval, and wait for somebody's word. */
import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconHourglass } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { useMay } from "@/api/me";
import type { Network, Peer, PeerStatus } from "@/api/shapes";
import { When } from "@/components/When";
import { messageOf } from "@/lib/problem";
import { peersQuery, useApprovePeer, useDeletePeers } from "./api";

const ConfirmDelete = lazy(async () => ({ default: (await import("@/components/ConfirmDelete")).ConfirmDelete }));

const isWaiting = ({ status }: { status: PeerStatus }) => status === "pending_approval";

export function WaitingPeers({ network }: { network: Network }) {
  const { t } = useTranslation();
  const { data = [] } = useQuery(peersQuery(useApi(), network.id));
  const waiting = data.filter(isWaiting);
  const mayApprove = useMay("POST /networks/{network_id}/peers/{peer_id}/approve");
  if (waiting.length === 0) return null;
  const title = t("waiting.title", { count: waiting.length });
  return (
    <Alert
      variant="outline"
      color="yellow"
      icon={<IconHourglass aria-hidden />}
      title={title}
      component="section"
      role="region"
      aria-label={title}
    >
      <Stack gap="xs">
        {t("waiting.text")}
        <Stack gap="xs" component="ul" m={0} p={0} style={{ listStyle: "none" }}>
          {waiting.map((peer) => (
            <WaitingPeer key={peer.id} peer={peer} mayApprove={mayApprove} />
          ))}
        </Stack>
      </Stack>
    </Alert>
  );
}

function WaitingPeer({ peer, mayApprove }: { peer: Peer; mayApprove: boolean }) {
  const { t } = useTranslation();
  const approve = useApprovePeer();
  const [refusing, setRefusing] = useState(false);
  const refuse = useDeletePeers(peer.network_id, () => {
    notifications.show({ message: t("waiting.refused", { name: peer.name }) });
    setRefusing(false);
  });
  const letIn = () =>
    approve.mutate(peer, {
      onSuccess: () => notifications.show({ message: t("waiting.approved", { name: peer.name }), color: "teal" }),
      onError: (error) => notifications.show({ message: messageOf(error), color: "red" }),
    });
  return (
    <Group component="li" justify="space-between" gap="sm">
      <div>
        <Text size="sm" fw={600}>
          {peer.name}
        </Text>
        <Text size="sm" c="dimmed" component="div">
          {peer.host && `${t("waiting.host", { hostname: peer.host.hostname, os: peer.host.os })}, `}
          {peer.address}, {t("waiting.since")} <When at={peer.created_at} otherwise="" />
        </Text>
      </div>
      {mayApprove && (
        <Group gap="xs">
          <Button
            size="xs"
            aria-label={t("waiting.approveName", { name: peer.name })}
            loading={approve.isPending}
            onClick={letIn}
          >
            {t("waiting.approve")}
          </Button>
          <Button
            size="xs"
            variant="default"
            aria-label={t("waiting.refuseName", { name: peer.name })}
            onClick={() => setRefusing(true)}
          >
            {t("waiting.refuse")}
          </Button>
        </Group>
      )}
      <Suspense>
        {refusing && (
          <ConfirmDelete
            title={t("waiting.refuseTitle", { name: peer.name })}
            text={t("waiting.refuseText")}
            confirm={t("waiting.refuse")}
            cancel={t("words.cancel")}
            error={refuse.error}
            busy={refuse.isPending}
            onConfirm={() => refuse.mutate([peer.id])}
            onClose={() => setRefusing(false)}
          />
        )}
      </Suspense>
    </Group>
  );
}
