/** What can be done to one API token: it is revoked, with what that cuts off said. */
import { notifications } from "@mantine/notifications";
import { IconTrash } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMay } from "@/api/me";
import type { ApiToken } from "@/api/shapes";
import { ActionMenu } from "@/components/ActionMenu";
import { useRevokeToken } from "./api";

const ConfirmDelete = lazy(async () => ({ default: (await import("@/components/ConfirmDelete")).ConfirmDelete }));

export function TokenMenu({ token }: { token: ApiToken }) {
  const { t } = useTranslation();
  const [revoking, setRevoking] = useState(false);
  const mayRevoke = useMay("DELETE /tokens/{token_id}");
  const revoke = useRevokeToken(() => {
    notifications.show({ message: t("tokens.revokedToast", { name: token.name }) });
    setRevoking(false);
  });
  const action = { label: t("tokens.revoke"), icon: IconTrash, run: () => setRevoking(true), isDestructive: true };
  return (
    <>
      <ActionMenu name={token.name} actions={mayRevoke ? [action] : []} />
      <Suspense>
        {revoking && (
          <ConfirmDelete
            title={t("tokens.revokeTitle", { name: token.name })}
            text={t("tokens.revokeText")}
            confirm={t("tokens.revoke")}
            cancel={t("words.cancel")}
            error={revoke.error}
            busy={revoke.isPending}
            onConfirm={() => revoke.mutate(token.id)}
            onClose={() => setRevoking(false)}
          />
        )}
      </Suspense>
    </>
  );
}
