/** A person's end here, or an invitation's, with what stays behind said. */
import { notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";
import type { User } from "@/api/shapes";
import { ConfirmDelete } from "@/components/ConfirmDelete";
import { useRemoveUser } from "./api";
import { nameOf } from "./filters";

export default function RemoveUser({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation();
  const name = nameOf(user);
  const remove = useRemoveUser(() => {
    notifications.show({ message: t("users.removedToast", { name }) });
    onClose();
  });
  const isInvited = user.state === "invited";
  const owns = user.owned_peers > 0 ? ` ${t("users.removeOwns", { count: user.owned_peers })}` : "";
  return (
    <ConfirmDelete
      title={t(isInvited ? "users.withdrawTitle" : "users.removeTitle", { name })}
      text={isInvited ? t("users.withdrawText") : t("users.removeText") + owns}
      confirm={t(isInvited ? "users.withdraw" : "users.remove")}
      cancel={t("words.cancel")}
      error={remove.error}
      busy={remove.isPending}
      onConfirm={() => remove.mutate(user.id)}
      onClose={onClose}
    />
  );
}
