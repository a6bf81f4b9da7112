/** A new QR code or a new command for a peer that is there already, with what becomes of the old one said first. */
import { Stack, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Peer } from "@/api/shapes";
import { Dialog } from "@/components/Dialog";
import { FormEnd } from "@/components/FormEnd";
import { messageOf } from "@/lib/problem";
import { useReissueFile, useReissueToken } from "./api";
import { type Enrollment, EnrollPanel } from "./EnrollPanel";
import { FilePanel, type MadeFile } from "./FilePanel";
import { newKeyPair } from "./keyPair";
import { completed } from "./profile";

type Props = { peer: Peer; onClose: () => void };

export default function Reissue({ peer, onClose }: Props) {
  return peer.kind === "static" ? (
    <NewFile peer={peer} onClose={onClose} />
  ) : (
    <NewCommand peer={peer} onClose={onClose} />
  );
}

function NewFile({ peer, onClose }: Props) {
  const { t } = useTranslation();
  const reissue = useReissueFile();
  const [file, setFile] = useState<MadeFile>();
  const make = async () => {
    const { privateKey, publicKey } = await newKeyPair();
    reissue.mutate(
      { peer, publicKey },
      {
        onSuccess: ({ config, notes }) => {
          const text = config ? completed(config, privateKey) : undefined;
          setFile({ name: peer.name, text, notes: notes ?? [] });
          reissue.reset();
        },
      },
    );
  };
  if (file) return <FilePanel file={file} onClose={onClose} />;
  return (
    <Ask
      title={t("devices.qrTitle", { name: peer.name })}
      text={t("devices.qrText")}
      submit={t("devices.qrSubmit")}
      error={reissue.error}
      busy={reissue.isPending}
      onSubmit={() => void make()}
      onClose={onClose}
    />
  );
}

function NewCommand({ peer, onClose }: Props) {
  const { t } = useTranslation();
  const reissue = useReissueToken();
  const [enrollment, setEnrollment] = useState<Enrollment>();
  const make = () =>
    reissue.mutate(peer, {
      onSuccess: ({ peer: again, enrollment_token: token, enrollment_expires_at: expiresAt }) => {
        if (token && expiresAt) setEnrollment({ peer: again, token, expiresAt });
        reissue.reset();
      },
    });
  if (enrollment) return <EnrollPanel enrollment={enrollment} onClose={onClose} />;
  return (
    <Ask
      title={t("devices.lineTitle", { name: peer.name })}
      text={t("devices.lineText", { name: peer.name })}
      submit={t("devices.lineSubmit")}
      error={reissue.error}
      busy={reissue.isPending}
      onSubmit={make}
      onClose={onClose}
    />
  );
}

type AskProps = {
  title: string;
  text: string;
  submit: string;
  error: Error | null;
  busy: boolean;
  onSubmit: () => void;
  onClose: () => void;
};

function Ask({ title, text, submit, error, busy, onSubmit, onClose }: AskProps) {
  const { t } = useTranslation();
  const onForm = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <Dialog title={title} opened onClose={onClose} closeLabel={t("words.cancel")}>
      <form onSubmit={onForm}>
        <Stack>
          <Text>{text}</Text>
          <FormEnd
            refusal={error ? messageOf(error) : undefined}
            submit={submit}
            cancel={t("words.cancel")}
            busy={busy}
            onCancel={onClose}
          />
        </Stack>
      </form>
    </Dialog>
  );
}
