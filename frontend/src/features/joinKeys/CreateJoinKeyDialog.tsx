/** Making a join key: how many hosts, for how long, and what their peers get; then the line they run, once. */
import { zodResolver } from "@hookform/resolvers/zod";
import { Checkbox, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import type { JoinKeyCreated, Network } from "@/api/shapes";
import { Dialog } from "@/components/Dialog";
import { FormEnd } from "@/components/FormEnd";
import { listed, spread } from "@/lib/fields";
import { FIELD_OF_CODE, useCreateJoinKey } from "./api";
import { JoinLines } from "./JoinLines";

const FIELDS = ["name", "uses", "expires_in_days", "tags"] as const;
const DAYS = [1, 7, 30, 90, 366] as const;
const SWITCHES = [
  ["needs_approval", "joinKeys.needsApproval", "joinKeys.needsApprovalHint"],
  ["ephemeral", "joinKeys.isEphemeral", "joinKeys.isEphemeralHint"],
  ["is_isolated", "joinKeys.isIsolated", undefined],
  ["full_encapsulation", "joinKeys.isEverything", undefined],
] as const;
const MAX_USES = 100_000;
const shape = (texts: { required: string; limitWrong: string }) =>
  z.object({
    name: z.string().check(z.trim(), z.minLength(1, texts.required)),
    uses: z.string().check(
      z.trim(),
      z.refine((text) => text === "" || (/^[1-9]\d*$/.test(text) && Number(text) <= MAX_USES), texts.limitWrong),
    ),
    expires_in_days: z.string(),
    needs_approval: z.boolean(),
    ephemeral: z.boolean(),
    is_isolated: z.boolean(),
    full_encapsulation: z.boolean(),
    tags: z.string(),
  });
type Values = z.infer<ReturnType<typeof shape>>;

export default function CreateJoinKeyDialog({ network, onClose }: { network: Network; onClose: () => void }) {
  const { t } = useTranslation();
  const create = useCreateJoinKey(network.id);
  const [made, setMade] = useState<JoinKeyCreated>();
  const [refusal, setRefusal] = useState<string>();
  const { register, handleSubmit, setError, formState } = useForm<Values>({
    resolver: zodResolver(shape({ required: t("words.required"), limitWrong: t("joinKeys.limitWrong") })),
    defaultValues: {
      name: "",
      uses: "",
      expires_in_days: "90",
      needs_approval: false,
      ephemeral: false,
      is_isolated: false,
      full_encapsulation: false,
      tags: "",
    },
  });
  const submit = handleSubmit(({ uses, expires_in_days, tags, ...values }) => {
    setRefusal(undefined);
    create.mutate(
      {
        ...values,
        uses: uses === "" ? null : Number(uses),
        expires_in_days: Number(expires_in_days),
        tags: listed(tags),
      },
      {
        onSuccess: setMade,
        onError: (error) => setRefusal(spread(error, { fields: FIELDS, ofCode: FIELD_OF_CODE, setError })),
      },
    );
  });
  if (made) return <JoinLines made={made} onClose={onClose} />;
  return (
    <Dialog title={t("joinKeys.create")} opened onClose={onClose} closeLabel={t("words.cancel")}>
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label={t("joinKeys.name")}
            description={t("joinKeys.nameHint")}
            error={formState.errors.name?.message}
            autoComplete="off"
            data-autofocus
            {...register("name")}
          />
          <TextInput
            label={t("joinKeys.limit")}
            description={t("joinKeys.limitHint")}
            error={formState.errors.uses?.message}
            inputMode="numeric"
            autoComplete="off"
            {...register("uses")}
          />
          <NativeSelect
            label={t("joinKeys.days")}
            data={DAYS.map((days) => ({ value: String(days), label: t("joinKeys.daysOf", { count: days }) }))}
            error={formState.errors.expires_in_days?.message}
            {...register("expires_in_days")}
          />
          {SWITCHES.map(([field, label, hint]) => (
            <Checkbox key={field} label={t(label)} description={hint && t(hint)} {...register(field)} />
          ))}
          <TextInput
            label={t("joinKeys.tags")}
            description={t("joinKeys.tagsHint")}
            error={formState.errors.tags?.message}
            autoComplete="off"
            {...register("tags")}
          />
          <FormEnd
            refusal={refusal}
            submit={t("joinKeys.create")}
            cancel={t("words.cancel")}
            busy={create.isPending}
            onCancel={onClose}
          />
        </Stack>
      </form>
    </Dialog>
  );
}
