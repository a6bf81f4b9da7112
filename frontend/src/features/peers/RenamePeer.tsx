/** Another name for a peer; its DNS name follows. */
import { Stack, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Peer } from "@/api/shapes";
import { Dialog } from "@/components/Dialog";
import { FormEnd } from "@/components/FormEnd";
import { messageOf } from "@/lib/problem";
import { useChangePeer } from "./api";

export default function RenamePeer({ peer, onClose }: { peer: Peer; onClose: () => void }) {
  const { t } = useTranslation();
  const change = useChangePeer();
  const [name, setName] = useState(peer.name);
  const isEmpty = name.trim() === "";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isEmpty) return;
    change.mutate(
      { peer, change: { name: name.trim() } },
      {
        onSuccess: (renamed) => {
          notifications.show({ message: t("devices.renamed", { name: renamed.name }) });
          onClose();
        },
      },
    );
  };
  const error = isEmpty ? t("words.required") : change.error ? messageOf(change.error) : undefined;
  return (
    <Dialog
      title={t("devices.renameTitle", { name: peer.name })}
      opened
      onClose={onClose}
      closeLabel={t("words.cancel")}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label={t("devices.name")}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={error}
            autoComplete="off"
            data-autofocus
          />
          <FormEnd
            refusal={undefined}
            submit={t("words.save")}
            cancel={t("words.cancel")}
            busy={change.isPending}
            onCancel={onClose}
          />
        </Stack>
      </form>
    </Dialog>
  );
}
