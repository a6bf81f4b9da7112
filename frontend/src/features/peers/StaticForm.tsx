/** A peer without an agent: its keys are made here, and only the public one is sent. */
import { zodResolver } from "@hookform/resolvers/zod";
import { Alert, Button, Group, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import { useCreatePeer } from "@/api/changes";
import type { Network } from "@/api/shapes";
import type { MadeFile } from "@/features/peers/FilePanel";
import { listed, spread } from "@/lib/fields";
import { newKeyPair } from "@/lib/keys";
import { completed } from "@/lib/profile";

const FIELDS = ["name", "address", "additional_allowed_ips"] as const;
const form = (required: string) =>
  z.object({
    name: z.string().check(z.trim(), z.minLength(1, required)),
    address: z.string().check(z.trim()),
    additional_allowed_ips: z.string(),
  });
type Values = z.infer<ReturnType<typeof form>>;

export function StaticForm(props: { network: Network; onMade: (file: MadeFile) => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const create = useCreatePeer(props.network.id);
  const [refusal, setRefusal] = useState<string>();
  const { register, handleSubmit, setError, formState } = useForm<Values>({
    resolver: zodResolver(form(t("add.required"))),
    defaultValues: { name: "", address: "", additional_allowed_ips: "" },
  });
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
  const errorOf = (field: keyof Values) => formState.errors[field]?.message;
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput
          label={t("add.name")}
          description={t("add.nameHint")}
          error={errorOf("name")}
          autoComplete="off"
          {...register("name")}
        />
        <TextInput
          label={t("add.address")}
          description={t("add.addressHint")}
          error={errorOf("address")}
          {...register("address")}
        />
        <TextInput
          label={t("add.behind")}
          description={t("add.behindHint")}
          error={errorOf("additional_allowed_ips")}
          {...register("additional_allowed_ips")}
        />
        {refusal && (
          <Alert color="red" variant="outline" role="alert">
            {refusal}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={props.onCancel}>
            {t("add.cancel")}
          </Button>
          <Button type="submit" loading={formState.isSubmitting}>
            {t("add.createFile")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
