/** Adding a device of one's own: its name and network, then the line or the code that connects it. */
import { zodResolver } from "@hookform/resolvers/zod";
import { NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import type { AgentPeerCreated, Granted, StaticPeerCreated } from "@/api/shapes";
import { Dialog } from "@/components/Dialog";
import { FormEnd } from "@/components/FormEnd";
import { spread } from "@/lib/fields";
import { useCreatePeer } from "./api";
import { type Enrollment, EnrollPanel } from "./EnrollPanel";
import { FilePanel, type MadeFile } from "./FilePanel";
import { newKeyPair } from "./keyPair";
import { completed } from "./profile";

const FIELDS = ["name", "network"] as const;
const OF_CODE = { name_in_use: "name", key_in_use: "name", jump_not_ready: "network" } as const;
const TEXTS = {
  dynamic: ["devices.computerTitle", "devices.computerText", "devices.computerExample", "add.create"],
  static: ["devices.phoneTitle", "devices.phoneText", "devices.phoneExample", "add.createFile"],
} as const;
const shape = (required: string) =>
  z.object({ name: z.string().check(z.trim(), z.minLength(1, required)), network: z.string() });
type Values = z.infer<ReturnType<typeof shape>>;
type Kind = "dynamic" | "static";
type Made = { is: "enrollment"; enrollment: Enrollment } | { is: "file"; file: MadeFile };
type Props = { kind: Kind; networks: readonly Granted[]; onClose: () => void };

export default function AddDeviceDialog({ kind, networks, onClose }: Props) {
  const { t } = useTranslation();
  const [made, setMade] = useState<Made>();
  const [title, text] = TEXTS[kind];
  if (made?.is === "enrollment") {
    return <EnrollPanel enrollment={made.enrollment} onClose={onClose} />;
  }
  if (made?.is === "file") return <FilePanel file={made.file} onClose={onClose} />;
  return (
    <Dialog title={t(title)} opened onClose={onClose} closeLabel={t("words.cancel")}>
      <Stack>
        <Text size="sm">{t(text)}</Text>
        <DeviceForm kind={kind} networks={networks} onMade={setMade} onCancel={onClose} />
      </Stack>
    </Dialog>
  );
}

type FormProps = { kind: Kind; networks: readonly Granted[]; onMade: (made: Made) => void; onCancel: () => void };

function DeviceForm({ kind, networks, onMade, onCancel }: FormProps) {
  const { t } = useTranslation();
  const { register, handleSubmit, setError, formState, watch } = useForm<Values>({
    resolver: zodResolver(shape(t("words.required"))),
    defaultValues: { name: "", network: networks[0]?.id ?? "" },
  });
  const networkId = watch("network");
  const create = useCreatePeer(networkId);
  const [refusal, setRefusal] = useState<string>();
  const [, , example, submitText] = TEXTS[kind];
  const submit = handleSubmit(async ({ name }) => {
    setRefusal(undefined);
    const pair = kind === "static" ? await newKeyPair() : undefined;
    try {
      const answer = await create.mutateAsync(
        pair ? { kind: "static", name, public_key: pair.publicKey, generate_key: false } : { kind: "dynamic", name },
      );
      const made = madeOf(answer, pair?.privateKey);
      if (made) onMade(made);
    } catch (error) {
      setRefusal(spread(error as Error, { fields: FIELDS, ofCode: OF_CODE, setError }));
    } finally {
      create.reset();
    }
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput
          label={t("devices.name")}
          description={t("devices.nameHint", { example: t(example) })}
          error={formState.errors.name?.message}
          autoComplete="off"
          data-autofocus
          {...register("name")}
        />
        <NativeSelect
          label={t("devices.network")}
          data={networks.map(({ id, name }) => ({ value: id, label: name }))}
          error={formState.errors.network?.message}
          {...register("network")}
        />
        <FormEnd
          refusal={refusal}
          submit={t(submitText)}
          cancel={t("words.cancel")}
          busy={formState.isSubmitting}
          onCancel={onCancel}
        />
      </Stack>
    </form>
  );
}

function madeOf(answer: AgentPeerCreated | StaticPeerCreated, privateKey: string | undefined): Made | undefined {
  const { peer } = answer;
  if (privateKey && "config" in answer) {
    const text = answer.config ? completed(answer.config, privateKey) : undefined;
    return { is: "file", file: { name: peer.name, text, notes: answer.notes ?? [] } };
  }
  if ("enrollment_token" in answer && answer.enrollment_token && answer.enrollment_expires_at) {
    const enrollment = { peer, token: answer.enrollment_token, expiresAt: answer.enrollment_expires_at };
    return { is: "enrollment", enrollment };
  }
  return undefined;
}
