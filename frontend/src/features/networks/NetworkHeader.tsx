/** A network's name, its facts with copy buttons, and its end. */
import { ActionIcon, Group, Menu, Paper, SimpleGrid, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDots, IconTrash } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useDeleteNetwork } from "@/api/changes";
import { useMayWrite } from "@/api/rights";
import type { Network } from "@/api/shapes";
import { ConfirmDelete } from "@/components/ConfirmDelete";
import { CopyIcon } from "@/components/Copy";

export function NetworkHeader({ network, peers }: { network: Network; peers: number | undefined }) {
  const { t } = useTranslation();
  const [deleting, setDeleting] = useState(false);
  const mayWrite = useMayWrite();
  return (
    <>
      <Group justify="space-between" wrap="nowrap">
        <Title order={1}>{network.name}</Title>
        {mayWrite && (
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon size="lg" variant="default" aria-label={t("peers.actionsOf", { name: network.name })}>
                <IconDots size={18} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item
                c="var(--mantine-color-error)"
                leftSection={<IconTrash size={16} aria-hidden />}
                onClick={() => setDeleting(true)}
              >
                {t("networks.delete")}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
      <Paper withBorder p="md" radius="md">
        <SimpleGrid component="dl" minColWidth="170px" spacing="md" m={0}>
          <Fact label={t("networks.cidr")} value={network.cidr} copy />
          {network.cidr_v6 && <Fact label={t("networks.cidrV6")} value={network.cidr_v6} copy />}
          <Fact label={t("networks.domain")} value={network.domain} copy />
          <Fact label={t("networks.dns")} value={network.dns.join(", ") || t("networks.dnsNone")} />
          <Fact label={t("networks.revision")} value={String(network.revision)} />
        </SimpleGrid>
      </Paper>
      {deleting && <Deletion network={network} peers={peers ?? 0} onClose={() => setDeleting(false)} />}
    </>
  );
}

function Fact({ label, value, copy = false }: { label: string; value: string; copy?: boolean }) {
  const { t } = useTranslation();
  return (
    <div>
      <Text component="dt" size="xs" c="dimmed">
        {label}
      </Text>
      <Group component="dd" m={0} gap={6} wrap="nowrap">
        <Text span {...(copy ? { ff: "monospace" } : {})} size="sm" style={{ overflowWrap: "anywhere" }}>
          {value}
        </Text>
        {copy && <CopyIcon value={value} label={`${t("peers.copy")}: ${label}`} />}
      </Group>
    </div>
  );
}

function Deletion({ network, peers, onClose }: { network: Network; peers: number; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useDeleteNetwork();
  const navigate = useNavigate();
  const done = () => {
    notifications.show({ message: t("networks.deletedToast", { name: network.name }) });
    void navigate({ to: "/networks" });
  };
  const text = t("networks.deleteText", { cidr: network.cidr });
  return (
    <ConfirmDelete
      title={t("networks.deleteTitle", { name: network.name })}
      text={peers > 0 ? `${text} ${t("networks.deleteHasPeers", { count: peers })}` : text}
      confirm={t("networks.delete")}
      cancel={t("networks.cancel")}
      typed={{ name: network.name, label: t("peers.typeName", { name: network.name }) }}
      error={remove.error}
      busy={remove.isPending}
      onConfirm={() => remove.mutate(network.id, { onSuccess: done })}
      onClose={onClose}
    />
  );
}
