/** What can be done to one join key: it is revoked. */
import { notifications } from "@mantine/notifications";
import { IconTrash } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMay } from "@/api/me";
import type { JoinKey, Network } from "@/api/shapes";
import { ActionMenu } from "@/components/ActionMenu";
import { useRevokeJoinKey } from "./api";

const ConfirmDelete = lazy(async () => ({ default: (await import("@/components/ConfirmDelete")).ConfirmDelete }));

export function JoinKeyMenu({ network, joinKey }: { network: Network; joinKey: JoinKey }) {
  const { t } = useTranslation();
  const [revoking, setRevoking] = useState(false);
  const mayRevoke = useMay("DELETE /networks/{network_id}/join-keys/{key_id}");
  const { id, name, state } = joinKey;
  const revoke = useRevokeJoinKey(network.id, () => {
    notifications.show({ message: t("joinKeys.revokedToast", { name }) });
    setRevoking(false);
  });
  const action = { label: t("joinKeys.revoke"), icon: IconTrash, run: () => setRevoking(true), isDestructive: true };
  return (
    <>
      <ActionMenu name={name} actions={mayRevoke && state !== "revoked" ? [action] : []} />
      <Suspense>
        {revoking && (
          <ConfirmDelete
            title={t("joinKeys.revokeTitle", { name })}
            text={t("joinKeys.revokeText")}
            confirm={t("joinKeys.revoke")}
            cancel={t("words.cancel")}
            error={revoke.error}
            busy={revoke.isPending}
            onConfirm={() => revoke.mutate(id)}
            onClose={() => setRevoking(false)}
          />
        )}
      </Suspense>
    </>
  );
}
