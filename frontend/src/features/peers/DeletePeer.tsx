/** A peer's end, with what goes with it said. */
import { notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";
import type { Peer } from "@/api/shapes";
import { ConfirmDelete } from "@/components/ConfirmDelete";
import { useDeletePeers } from "./api";

const WARNING = { jump: "deleteJump", dynamic: "deleteAgent", static: "deleteStatic" } as const;

export default function DeletePeer({ peer, onClose }: { peer: Peer; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useDeletePeers(peer.network_id, () => {
    notifications.show({ message: t("peers.deletedToast", { name: peer.name }) });
    onClose();
  });
  return (
    <ConfirmDelete
      title={t("peers.deleteTitle", { name: peer.name })}
      text={t(`peers.${WARNING[peer.kind]}`)}
      confirm={t("peers.delete")}
      cancel={t("words.cancel")}
      {...(peer.kind === "jump" ? { typed: { name: peer.name, label: t("words.typeName", { name: peer.name }) } } : {})}
      error={remove.error}
      busy={remove.isPending}
      onConfirm={() => remove.mutate([peer.id])}
      onClose={onClose}
    />
  );
}
