/** The deployment's settings: the role of people nobody gave one, and how many devices a member may own. */
import { zodResolver } from "@hookform/resolvers/zod";
import { Alert, Button, Group, Stack, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Controller, useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import { useApi } from "@/api/context";
import { useMay } from "@/api/me";
import type { Settings } from "@/api/shapes";
import { Loaded } from "@/components/Loaded";
import { Page } from "@/components/Page";
import { RoleField } from "@/components/RoleField";
import { spread } from "@/lib/fields";
import { settingsQuery, usePutSettings } from "./api";

const FIELDS = ["default_role", "member_peer_limit"] as const;
const ROLES = ["operator", "auditor", "member"] as const;
const shape = (limitWrong: string) =>
  z.object({
    default_role: z.nullable(z.enum(ROLES)),
    member_peer_limit: z.string().check(z.trim(), z.regex(/^(\d{1,2}|100)$/, limitWrong)),
  });
type Values = z.infer<ReturnType<typeof shape>>;

export default function SettingsPage() {
  const { t } = useTranslation();
  const reading = useQuery(settingsQuery(useApi()));
  return (
    <Page title={t("settings.title")} description={t("settings.lead")} isNarrow>
      <Loaded reading={reading} what={t("settings.title")} failed={t("settings.readFailed")}>
        {(settings) => <SettingsForm key={settings.revision} settings={settings} />}
      </Loaded>
    </Page>
  );
}

/** Administrator is nobody's default: who has a deployment that says so chooses anew. */
const offered = (role: string | null) => ROLES.find((known) => known === role) ?? null;

function SettingsForm({ settings }: { settings: Settings }) {
  const { t } = useTranslation();
  const put = usePutSettings();
  const mayWrite = useMay("PUT /settings");
  const [refusal, setRefusal] = useState<string>();
  const { register, control, handleSubmit, setError, formState } = useForm<Values>({
    resolver: zodResolver(shape(t("settings.limitWrong"))),
    defaultValues: {
      default_role: offered(settings.default_role),
      member_peer_limit: String(settings.member_peer_limit),
    },
  });
  const submit = handleSubmit(({ default_role, member_peer_limit }) => {
    setRefusal(undefined);
    put.mutate(
      { default_role, member_peer_limit: Number(member_peer_limit) },
      {
        onSuccess: () =>
          notifications.show({
            title: t("settings.savedToast"),
            message: t("settings.savedToastText"),
            color: "teal",
          }),
        onError: (error) => setRefusal(spread(error, { fields: FIELDS, ofCode: {}, setError })),
      },
    );
  });
  return (
    <form onSubmit={submit} noValidate>
      <fieldset disabled={!mayWrite} style={{ border: 0, margin: 0, padding: 0 }}>
        <Stack>
          {!mayWrite && <Alert variant="outline">{t("words.readOnly")}</Alert>}
          <Controller
            control={control}
            name="default_role"
            render={({ field, fieldState }) => (
              <RoleField
                label={t("settings.defaultRole")}
                value={field.value ?? ""}
                roles={ROLES}
                none={{ label: t("settings.nobody"), text: t("settings.nobodyText") }}
                error={fieldState.error?.message}
                onChange={(value) => field.onChange(offered(value))}
              />
            )}
          />
          <TextInput
            label={t("settings.limit")}
            description={t("settings.limitHint")}
            error={formState.errors.member_peer_limit?.message}
            inputMode="numeric"
            autoComplete="off"
            maw={320}
            {...register("member_peer_limit")}
          />
          {refusal && (
            <Alert color="red" variant="outline" role="alert">
              {refusal}
            </Alert>
          )}
          {mayWrite && (
            <Group>
              <Button type="submit" loading={put.isPending} disabled={!formState.isDirty}>
                {t("settings.save")}
              </Button>
            </Group>
          )}
        </Stack>
      </fieldset>
    </form>
  );
}
