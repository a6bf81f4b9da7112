/** What can be done to one person. */
import { useClipboard } from "@mantine/hooks";
import { IconCopy, IconPencil, IconTrash, IconUserCheck, IconUserOff } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMay } from "@/api/me";
import type { User } from "@/api/shapes";
import { type Action, ActionMenu } from "@/components/ActionMenu";
import { nameOf } from "./filters";
import { useLetIn } from "./letIn";

const SuspendUser = lazy(() => import("./SuspendUser"));
const RemoveUser = lazy(() => import("./RemoveUser"));

export function UserMenu({ user, onOpen }: { user: User; onOpen: () => void }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<"suspend" | "remove">();
  const clipboard = useClipboard();
  const mayChange = useMay("PATCH /users/{user_id}");
  const mayRemove = useMay("DELETE /users/{user_id}");
  const letIn = useLetIn();
  const close = () => setAsking(undefined);
  const { email, state } = user;
  const actions: Action[] = [
    ...(mayChange ? [{ label: t("users.open"), icon: IconPencil, run: onOpen }] : []),
    ...(email ? [{ label: t("users.copyEmail"), icon: IconCopy, run: () => clipboard.copy(email) }] : []),
    ...(mayChange && state === "active"
      ? [{ label: t("users.suspend"), icon: IconUserOff, run: () => setAsking("suspend") }]
      : []),
    ...(mayChange && state === "suspended"
      ? [{ label: t("users.unsuspend"), icon: IconUserCheck, run: () => letIn(user) }]
      : []),
    ...(mayRemove
      ? [
          {
            label: state === "invited" ? t("users.withdraw") : t("users.remove"),
            icon: IconTrash,
            run: () => setAsking("remove"),
            isDestructive: true,
          },
        ]
      : []),
  ];
  return (
    <>
      <ActionMenu name={nameOf(user)} actions={actions} />
      <Suspense>
        {asking === "suspend" && <SuspendUser user={user} onClose={close} />}
        {asking === "remove" && <RemoveUser user={user} onClose={close} />}
      </Suspense>
    </>
  );
}
