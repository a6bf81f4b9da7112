/** Inviting a person: by which address they are known, what they may do, and where. */
import { zodResolver } from "@hookform/resolvers/zod";
import { Stack, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { Controller, useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import { useVisibleNetworks } from "@/api/networks";
import { Dialog } from "@/components/Dialog";
import { FormEnd } from "@/components/FormEnd";
import { NetworksField } from "@/components/NetworksField";
import { RoleField } from "@/components/RoleField";
import { spread } from "@/lib/fields";
import { ROLES } from "@/lib/roles";
import { useInviteUser } from "./api";

const FIELDS = ["email", "role", "networks"] as const;
const shape = (texts: { required: string; wrong: string }) =>
  z.object({
    email: z.string().check(z.trim(), z.minLength(1, texts.required), z.regex(/^[^\s@]+@[^\s@]+$/, texts.wrong)),
    role: z.enum(ROLES),
    networks: z.nullable(z.array(z.string())),
  });
type Values = z.infer<ReturnType<typeof shape>>;

export default function InviteDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const invite = useInviteUser();
  const networks = useVisibleNetworks() ?? [];
  const [refusal, setRefusal] = useState<string>();
  const { register, control, handleSubmit, setError, formState } = useForm<Values>({
    resolver: zodResolver(shape({ required: t("words.required"), wrong: t("users.emailWrong") })),
    defaultValues: { email: "", role: "member", networks: null },
  });
  const submit = handleSubmit((values) => {
    setRefusal(undefined);
    invite.mutate(values, {
      onSuccess: ({ is_mailed }) => {
        const message =
          is_mailed === false
            ? t("users.invitedToastTell", { origin: window.location.origin })
            : t("users.invitedToastText");
        const title = t("users.invitedToast", { name: values.email });
        notifications.show({ title, message, color: "teal" });
        onClose();
      },
      onError: (error) => setRefusal(spread(error, { fields: FIELDS, ofCode: {}, setError })),
    });
  });
  return (
    <Dialog title={t("users.inviteTitle")} opened onClose={onClose} closeLabel={t("words.cancel")}>
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            type="email"
            label={t("users.email")}
            description={t("users.emailHint")}
            error={formState.errors.email?.message}
            autoComplete="off"
            data-autofocus
            {...register("email")}
          />
          <Controller
            control={control}
            name="role"
            render={({ field, fieldState }) => (
              <RoleField
                label={t("users.role")}
                value={field.value}
                roles={ROLES}
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
                label={t("users.networks")}
                value={field.value}
                known={networks}
                all={t("networksField.allToCome")}
                error={fieldState.error?.message}
                onChange={field.onChange}
              />
            )}
          />
          <FormEnd
            refusal={refusal}
            submit={t("users.inviteSubmit")}
            cancel={t("words.cancel")}
            busy={invite.isPending}
            onCancel={onClose}
          />
        </Stack>
      </form>
    </Dialog>
  );
}
