/** A suspension, with what it cuts off said. */
import { notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";
import type { User } from "@/api/shapes";
import { ConfirmDelete } from "@/components/ConfirmDelete";
import { useChangeUser } from "./api";
import { nameOf } from "./filters";

export default function SuspendUser({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation();
  const suspend = useChangeUser();
  const name = nameOf(user);
  const done = () => {
    notifications.show({ message: t("users.suspendedToast", { name }) });
    onClose();
  };
  return (
    <ConfirmDelete
      title={t("users.suspendTitle", { name })}
      text={t("users.suspendText")}
      confirm={t("users.suspend")}
      cancel={t("words.cancel")}
      error={suspend.error}
      busy={suspend.isPending}
      onConfirm={() => suspend.mutate({ id: user.id, change: { is_suspended: true } }, { onSuccess: done })}
      onClose={onClose}
    />
  );
}
