/** One of somebody's own devices: whether it is connected, where, and what can be done to it. */
import { Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Granted, Peer } from "@/api/shapes";
import { CopyIcon } from "@/components/Copy";
import { StatusMark } from "@/components/StatusMark";
import { When } from "@/components/When";
import { PeerMenu } from "./PeerMenu";

export function DeviceCard({ peer, network }: { peer: Peer; network: Granted | undefined }) {
  const { t } = useTranslation();
  const kind = t(peer.kind === "static" ? "devices.phone" : "devices.computer");
  return (
    <Paper component="li" withBorder radius="md" p="md">
      <Stack gap={6}>
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <div style={{ minWidth: 0 }}>
            <Title order={2} size="h4" style={{ overflowWrap: "anywhere" }}>
              {peer.name}
            </Title>
            <Text size="sm" c="dimmed">
              {kind}
              {network && ` ${t("devices.inNetwork", { network: network.name })}`}
            </Text>
          </div>
          <PeerMenu peer={peer} />
        </Group>
        <Group justify="space-between">
          <StatusMark status={peer.status} />
          <Text size="sm" c="dimmed" component="div">
            {t("devices.seen")} <When at={peer.last_seen} otherwise={t("devices.never")} />
          </Text>
        </Group>
        <Group gap={6}>
          <Text size="sm" ff="monospace">
            {peer.address}
          </Text>
          <CopyIcon value={peer.address} label={`${t("words.copy")}: ${t("devices.address")}`} />
        </Group>
        {peer.config_stale && <Text size="sm">{t("devices.stale")}</Text>}
      </Stack>
    </Paper>
  );
}
