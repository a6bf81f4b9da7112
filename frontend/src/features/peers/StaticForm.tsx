/** A peer without an agent: its keys are made here, and only the public one is sent. */
import { zodResolver } from "@hookform/resolvers/zod";
import { Checkbox, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import type { Network } from "@/api/shapes";
import { FormEnd } from "@/components/FormEnd";
import { listed, spread } from "@/lib/fields";
import { FIELD_OF_CODE, useCreatePeer } from "./api";
import type { MadeFile } from "./FilePanel";
import { newKeyPair } from "./keyPair";
import { PeerField } from "./PeerFields";
import { completed } from "./profile";

const FIELDS = ["name", "address", "additional_allowed_ips", "dns"] as const;
const DNS_LINES = ["default", "none", "own"] as const;
const shape = (required: string) =>
  z.object({
    name: z.string().check(z.trim(), z.minLength(1, required)),
    address: z.string().check(z.trim()),
    additional_allowed_ips: z.string(),
    full_encapsulation: z.boolean(),
    dns_line: z.enum(DNS_LINES),
    dns: z.string(),
  });
type Values = z.infer<ReturnType<typeof shape>>;

export function StaticForm(props: { network: Network; onMade: (file: MadeFile) => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const create = useCreatePeer(props.network.id);
  const [refusal, setRefusal] = useState<string>();
  const { register, handleSubmit, setError, formState, watch } = useForm<Values>({
    resolver: zodResolver(shape(t("words.required"))),
    defaultValues: {
      name: "",
      address: "",
      additional_allowed_ips: "",
      full_encapsulation: false,
      dns_line: "default",
      dns: "",
    },
  });
  const form = { register, errors: formState.errors };
  const submit = handleSubmit(async (values) => {
    setRefusal(undefined);
    const { privateKey, publicKey } = await newKeyPair();
    const { name, address, additional_allowed_ips, full_encapsulation } = values;
    const behind = listed(additional_allowed_ips);
    try {
      const made = await create.mutateAsync({
        kind: "static",
        name,
        public_key: publicKey,
        generate_key: false,
        additional_allowed_ips: behind,
        full_encapsulation,
        dns: dnsOf(values),
        ...(address && { address }),
      });
      if ("config" in made) {
        const text = made.config ? completed(made.config, privateKey) : undefined;
        props.onMade({ name, text, notes: made.notes ?? [] });
      }
    } catch (error) {
      setRefusal(spread(error as Error, { fields: FIELDS, ofCode: FIELD_OF_CODE, setError }));
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
        <Checkbox
          label={t("add.everything")}
          description={t("add.everythingHint")}
          {...register("full_encapsulation")}
        />
        <NativeSelect
          label={t("add.dnsLine")}
          data={[
            { value: "default", label: t("add.dnsDefault") },
            { value: "none", label: t("add.dnsNone") },
            { value: "own", label: t("add.dnsOwn") },
          ]}
          {...register("dns_line")}
        />
        {watch("dns_line") === "own" && (
          <TextInput
            label={t("add.dns")}
            description={t("add.dnsHint")}
            error={formState.errors.dns?.message}
            autoComplete="off"
            {...register("dns")}
          />
        )}
        <FormEnd
          refusal={refusal}
          submit={t("add.createFile")}
          cancel={t("words.cancel")}
          busy={formState.isSubmitting}
          onCancel={props.onCancel}
        />
      </Stack>
    </form>
  );
}

/** As the API takes it: null leaves the choice to it, an empty list is no line. */
function dnsOf({ dns_line, dns }: Values): string[] | null {
  if (dns_line === "default") return null;
  return dns_line === "none" ? [] : listed(dns);
}
