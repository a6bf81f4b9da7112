/** A network's end, with what goes with it named. */
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Network } from "@/api/shapes";
import { ConfirmDelete } from "@/components/ConfirmDelete";
import { useDeleteNetwork } from "./api";

/** `peers`: how many it has; undefined: not known here, the API says so if there are any. */
type Props = { network: Network; peers: number | undefined; onClose: () => void };

export default function DeleteNetwork({ network, peers = 0, onClose }: Props) {
  const { t } = useTranslation();
  const remove = useDeleteNetwork();
  const navigate = useNavigate();
  const done = () => {
    notifications.show({ message: t("networks.deletedToast", { name: network.name }) });
    onClose();
    void navigate({ to: "/networks" });
  };
  const text = t("networks.deleteText", { cidr: network.cidr });
  return (
    <ConfirmDelete
      title={t("networks.deleteTitle", { name: network.name })}
      text={peers > 0 ? `${text} ${t("networks.deleteHasPeers", { count: peers })}` : text}
      confirm={t("networks.delete")}
      cancel={t("words.cancel")}
      typed={{ name: network.name, label: t("words.typeName", { name: network.name }) }}
      error={remove.error}
      busy={remove.isPending}
      onConfirm={() => remove.mutate(network.id, { onSuccess: done })}
      onClose={onClose}
    />
  );
}
