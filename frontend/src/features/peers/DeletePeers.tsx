/** Deleting several peers: named, and with hubs among them their number typed. */
import { notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";
import type { Peer } from "@/api/shapes";
import { ConfirmDelete } from "@/components/ConfirmDelete";
import { useDeletePeers } from "./api";

const NAMED = 5;

type Props = { networkId: string; peers: readonly Peer[]; onClose: () => void };

export default function DeletePeers({ networkId, peers, onClose }: Props) {
  const { t } = useTranslation();
  const count = peers.length;
  const remove = useDeletePeers(networkId, () => {
    notifications.show({ message: t("peers.deletedManyToast", { count }) });
    onClose();
  });
  const hubs = peers.filter((peer) => peer.kind === "jump").length;
  const listed = peers
    .slice(0, NAMED)
    .map((peer) => peer.name)
    .join(", ");
  const names = count > NAMED ? t("peers.deleteManyMore", { names: listed, count: count - NAMED }) : listed;
  const text = t("peers.deleteManyText", { names });
  return (
    <ConfirmDelete
      title={t("peers.deleteManyTitle", { count })}
      text={hubs > 0 ? `${text} ${t("peers.deleteManyJumps", { count: hubs })}` : text}
      confirm={t("peers.deleteMany")}
      cancel={t("words.cancel")}
      {...(hubs > 0 ? { typed: { name: String(count), label: t("words.typeName", { name: String(count) }) } } : {})}
      error={remove.error}
      busy={remove.isPending}
      onConfirm={() => remove.mutate(peers.map((peer) => peer.id))}
      onClose={onClose}
    />
  );
}
