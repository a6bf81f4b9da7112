/** The settings of a hub or an agent-run peer. */
import { zodResolver } from "@hookform/resolvers/zod";
import { Group, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import type { CreatePeer, Network } from "@/api/shapes";
import { FormEnd } from "@/components/FormEnd";
import { listed, spread } from "@/lib/fields";
import { FIELD_OF_CODE, useCreatePeer } from "./api";
import type { Enrollment } from "./EnrollPanel";
import { PeerField } from "./PeerFields";

const FIELDS = ["name", "endpoint", "listen_port", "published_port", "address", "additional_allowed_ips"] as const;
const PORT = /^([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/;
const shape = (texts: { required: string; portRange: string }) =>
  z.object({
    name: z.string().check(z.trim(), z.minLength(1, texts.required)),
    endpoint: z.string().check(z.trim()),
    listen_port: z.string().check(z.trim(), z.regex(PORT, texts.portRange)),
    published_port: z.string().check(
      z.trim(),
      z.refine((text) => text === "" || PORT.test(text), texts.portRange),
    ),
    address: z.string().check(z.trim()),
    additional_allowed_ips: z.string(),
  });
type Values = z.infer<ReturnType<typeof shape>>;
type Props = {
  kind: "jump" | "dynamic";
  network: Network;
  onMade: (enrollment: Enrollment) => void;
  onCancel: () => void;
};

export function AgentForm({ kind, network, onMade, onCancel }: Props) {
  const { t } = useTranslation();
  const create = useCreatePeer(network.id);
  const [refusal, setRefusal] = useState<string>();
  const { register, handleSubmit, setError, formState } = useForm<Values>({
    resolver: zodResolver(shape({ required: t("words.required"), portRange: t("add.portRange") })),
    defaultValues: {
      name: "",
      endpoint: "",
      listen_port: "51820",
      published_port: "",
      address: "",
      additional_allowed_ips: "",
    },
  });
  const form = { register, errors: formState.errors };
  const submit = handleSubmit((values) => {
    setRefusal(undefined);
    create.mutate(requestOf(kind, values), {
      onSuccess: (made) => {
        if ("enrollment_token" in made && made.enrollment_token && made.enrollment_expires_at) {
          onMade({ peer: made.peer, token: made.enrollment_token, expiresAt: made.enrollment_expires_at });
        }
      },
      onError: (error) => setRefusal(spread(error, { fields: FIELDS, ofCode: FIELD_OF_CODE, setError })),
    });
  });
  const errorOf = (field: keyof Values) => formState.errors[field]?.message;
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <PeerField field="name" {...form} />
        {kind === "jump" ? (
          <>
            <Group align="flex-start" grow preventGrowOverflow={false}>
              <TextInput
                label={t("add.endpoint")}
                description={t("add.endpointHint")}
                error={errorOf("endpoint")}
                style={{ flexBasis: 300 }}
                {...register("endpoint")}
              />
              <TextInput
                label={t("add.port")}
                error={errorOf("listen_port")}
                inputMode="numeric"
                style={{ flexBasis: 110 }}
                {...register("listen_port")}
              />
            </Group>
            <TextInput
              label={t("add.published")}
              description={t("add.publishedHint")}
              error={errorOf("published_port")}
              inputMode="numeric"
              {...register("published_port")}
            />
          </>
        ) : (
          <PeerField field="additional_allowed_ips" {...form} />
        )}
        <PeerField field="address" {...form} />
        <FormEnd
          refusal={refusal}
          submit={t("add.create")}
          cancel={t("words.cancel")}
          busy={create.isPending}
          onCancel={onCancel}
        />
      </Stack>
    </form>
  );
}

function requestOf(kind: "jump" | "dynamic", values: Values): CreatePeer {
  const { name, endpoint, listen_port, published_port, address, additional_allowed_ips } = values;
  const common = { name, ...(address && { address }) };
  if (kind === "jump") {
    const ports = {
      listen_port: Number(listen_port),
      ...(published_port && { published_port: Number(published_port) }),
    };
    return { kind, ...common, ...(endpoint && { endpoint }), ...ports };
  }
  return { kind, ...common, additional_allowed_ips: listed(additional_allowed_ips) };
}
