/** Ends a suspension, and says what came of it. */
import { notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";
import type { User } from "@/api/shapes";
import { messageOf } from "@/lib/problem";
import { useChangeUser } from "./api";
import { nameOf } from "./filters";

export function useLetIn(): (user: User) => void {
  const { t } = useTranslation();
  const change = useChangeUser();
  return (user) =>
    change.mutate(
      { id: user.id, change: { is_suspended: false } },
      {
        onSuccess: () => notifications.show({ message: t("users.unsuspendedToast", { name: nameOf(user) }) }),
        onError: (error) => notifications.show({ message: messageOf(error), color: "red" }),
      },
    );
}
