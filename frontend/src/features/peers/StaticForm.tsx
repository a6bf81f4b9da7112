/** A peer without an agent: its keys are made here, and only the public one is sent. */
import { zodResolver } from "@hookform/resolvers/zod";
import { Stack } from "@mantine/core";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import { useCreatePeer } from "@/api/changes";
import type { Network } from "@/api/shapes";
import { FormEnd } from "@/components/FormEnd";
import type { MadeFile } from "@/features/peers/FilePanel";
import { PeerField } from "@/features/peers/PeerFields";
import { listed, spread } from "@/lib/fields";
import { newKeyPair } from "@/lib/keys";
import { completed } from "@/lib/profile";

const FIELDS = ["name", "address", "additional_allowed_ips"] as const;
const shape = (required: string) =>
  z.object({
    name: z.string().check(z.trim(), z.minLength(1, required)),
    address: z.string().check(z.trim()),
    additional_allowed_ips: z.string(),
  });
type Values = z.infer<ReturnType<typeof shape>>;

export function StaticForm(props: { network: Network; onMade: (file: MadeFile) => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const create = useCreatePeer(props.network.id);
  const [refusal, setRefusal] = useState<string>();
  const { register, handleSubmit, setError, formState } = useForm<Values>({
    resolver: zodResolver(shape(t("add.required"))),
    defaultValues: { name: "", address: "", additional_allowed_ips: "" },
  });
  const form = { register, errors: formState.errors };
  const submit = handleSubmit(async (values) => {
    setRefusal(undefined);
    const { privateKey, publicKey } = await newKeyPair();
    const { name, address, additional_allowed_ips } = values;
    const behind = listed(additional_allowed_ips);
    try {
      const made = await create.mutateAsync({
        kind: "static",
        name,
        public_key: publicKey,
        generate_key: false,
        additional_allowed_ips: behind,
        ...(address && { address }),
      });
      if ("config" in made) {
        props.onMade({ name, text: made.config ? completed(made.config, privateKey) : undefined });
      }
    } catch (error) {
      setRefusal(spread(error as Error, FIELDS, setError));
    } finally {
      create.reset();
    }
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <PeerField field="name" {...form} />
        <PeerField field="address" {...form} />
        <PeerField field="additional_allowed_ips" {...form} />
        <FormEnd
          refusal={refusal}
          submit={t("add.createFile")}
          cancel={t("add.cancel")}
          busy={formState.isSubmitting}
          onCancel={props.onCancel}
        />
      </Stack>
    </form>
  );
}
