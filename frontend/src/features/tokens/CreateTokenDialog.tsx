/** Making an API token: what it is for, how much of one's own rights it has, and for how long; then its text, once. */
import { zodResolver } from "@hookform/resolvers/zod";
import { NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { Controller, useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import { useMe } from "@/api/me";
import { useVisibleNetworks } from "@/api/networks";
import type { Me, TokenCreated } from "@/api/shapes";
import { CopyBlock } from "@/components/Copy";
import { Dialog } from "@/components/Dialog";
import { FormEnd } from "@/components/FormEnd";
import { NetworksField } from "@/components/NetworksField";
import { OnceSecret } from "@/components/OnceSecret";
import { RoleField } from "@/components/RoleField";
import { spread } from "@/lib/fields";
import { HANDED_ON, ROLES } from "@/lib/roles";
import { FIELD_OF_CODE, useCreateToken } from "./api";

const FIELDS = ["name", "role", "networks", "expires_in_days"] as const;
const DAYS = [7, 30, 90, 180, 366] as const;
const shape = (required: string) =>
  z.object({
    name: z.string().check(z.trim(), z.minLength(1, required)),
    role: z.enum(ROLES),
    networks: z.nullable(z.array(z.string())),
    expires_in_days: z.string(),
  });
type Values = z.infer<ReturnType<typeof shape>>;

export default function CreateTokenDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const [made, setMade] = useState<TokenCreated>();
  if (made) {
    return (
      <OnceSecret
        title={t("tokens.createdTitle", { name: made.token.name })}
        secret={made.secret}
        copy={t("tokens.copy")}
        onClose={onClose}
      >
        {made.secret && (
          <div>
            <Text size="sm" mb={6}>
              {t("tokens.createdText")}
            </Text>
            <CopyBlock text={`Authorization: Bearer ${made.secret}`} label={t("tokens.copyHeader")} />
          </div>
        )}
      </OnceSecret>
    );
  }
  return (
    <Dialog title={t("tokens.create")} opened onClose={onClose} closeLabel={t("words.cancel")}>
      {me && <TokenForm me={me} onMade={setMade} onCancel={onClose} />}
    </Dialog>
  );
}

type Props = { me: Me; onMade: (made: TokenCreated) => void; onCancel: () => void };

function TokenForm({ me, onMade, onCancel }: Props) {
  const { t } = useTranslation();
  const create = useCreateToken();
  const networks = useVisibleNetworks() ?? [];
  const [refusal, setRefusal] = useState<string>();
  const { register, control, handleSubmit, setError, formState } = useForm<Values>({
    resolver: zodResolver(shape(t("words.required"))),
    defaultValues: { name: "", role: me.role, networks: null, expires_in_days: "90" },
  });
  const submit = handleSubmit((values) => {
    setRefusal(undefined);
    create.mutate(
      { ...values, expires_in_days: Number(values.expires_in_days) },
      {
        onSuccess: onMade,
        onError: (error) => setRefusal(spread(error, { fields: FIELDS, ofCode: FIELD_OF_CODE, setError })),
      },
    );
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput
          label={t("tokens.name")}
          description={t("tokens.nameHint")}
          error={formState.errors.name?.message}
          autoComplete="off"
          data-autofocus
          {...register("name")}
        />
        <Controller
          control={control}
          name="role"
          render={({ field, fieldState }) => (
            <RoleField
              label={t("tokens.role")}
              value={field.value}
              roles={HANDED_ON[me.role]}
              error={fieldState.error?.message}
              onChange={field.onChange}
            />
          )}
        />
        <Controller
          control={control}
          name="networks"
          render={({ field, fieldState }) => (
            <NetworksField
              label={t("tokens.networks")}
              value={field.value}
              known={networks}
              all={t("networksField.allSeen")}
              error={fieldState.error?.message}
              onChange={field.onChange}
            />
          )}
        />
        <NativeSelect
          label={t("tokens.days")}
          data={DAYS.map((days) => ({ value: String(days), label: t("tokens.daysOf", { count: days }) }))}
          error={formState.errors.expires_in_days?.message}
          {...register("expires_in_days")}
        />
        <FormEnd
          refusal={refusal}
          submit={t("tokens.create")}
          cancel={t("words.cancel")}
          busy={create.isPending}
          onCancel={onCancel}
        />
      </Stack>
    </form>
  );
}
