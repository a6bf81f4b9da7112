/** What can be done to one peer. */
import { ActionIcon, Menu } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconCopy, IconDots, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useDeletePeer } from "@/api/changes";
import { useMayWrite } from "@/api/rights";
import type { Network, Peer } from "@/api/shapes";
import { ConfirmDelete } from "@/components/ConfirmDelete";

const WARNING = { jump: "deleteJump", dynamic: "deleteAgent", static: "deleteStatic" } as const;

export function PeerMenu({ network, peer }: { network: Network; peer: Peer }) {
  const { t } = useTranslation();
  const [deleting, setDeleting] = useState(false);
  const clipboard = useClipboard();
  const mayWrite = useMayWrite();
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon size={30} aria-label={t("peers.actionsOf", { name: peer.name })}>
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconCopy size={16} aria-hidden />} onClick={() => clipboard.copy(peer.address)}>
            {t("peers.copyAddress")}
          </Menu.Item>
          {mayWrite && (
            <Menu.Item
              c="var(--mantine-color-error)"
              leftSection={<IconTrash size={16} aria-hidden />}
              onClick={() => setDeleting(true)}
            >
              {t("peers.delete")}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {deleting && <Deletion network={network} peer={peer} onClose={() => setDeleting(false)} />}
    </>
  );
}

function Deletion({ network, peer, onClose }: { network: Network; peer: Peer; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useDeletePeer(network.id);
  const done = () => {
    notifications.show({ message: t("peers.deletedToast", { name: peer.name }) });
    onClose();
  };
  return (
    <ConfirmDelete
      title={t("peers.deleteTitle", { name: peer.name })}
      text={t(`peers.${WARNING[peer.kind]}`)}
      confirm={t("peers.delete")}
      cancel={t("peers.cancel")}
      {...(peer.kind === "jump" ? { typed: { name: peer.name, label: t("peers.typeName", { name: peer.name }) } } : {})}
      error={remove.error}
      busy={remove.isPending}
      onConfirm={() => remove.mutate(peer.id, { onSuccess: done })}
      onClose={onClose}
    />
  );
}
