/** A range that peers are not to get; the API's objections stand on the fields they are about. */
import { Stack, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { Dialog } from "@/components/Dialog";
import { FormEnd } from "@/components/FormEnd";
import { useNetwork } from "@/components/network";
import { spread } from "@/lib/fields";
import { type Asked, FIELD_OF_CODE, useReserve } from "./api";

export default function ReserveDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const reserve = useReserve(useNetwork().id);
  const [refusal, setRefusal] = useState<string>();
  const { register, handleSubmit, setError, formState } = useForm<Asked>({
    defaultValues: { first: "", last: "", note: "" },
  });
  const submit = handleSubmit((asked) => {
    setRefusal(undefined);
    reserve.mutate(asked, {
      onSuccess: ({ first, last }) => {
        const range = first === last ? first : t("addresses.range", { first, last });
        notifications.show({ message: t("addresses.reservedToast", { range }), color: "teal" });
        onClose();
      },
      onError: (error) =>
        setRefusal(spread(error, { fields: ["first", "last", "note"], ofCode: FIELD_OF_CODE, setError })),
    });
  });
  const errorOf = (field: keyof Asked) => formState.errors[field]?.message;
  return (
    <Dialog title={t("addresses.reserve")} opened onClose={onClose} closeLabel={t("words.cancel")}>
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label={t("addresses.first")}
            error={errorOf("first")}
            autoComplete="off"
            data-autofocus
            {...register("first", { required: t("words.required") })}
          />
          <TextInput
            label={t("addresses.last")}
            description={t("addresses.lastHint")}
            error={errorOf("last")}
            autoComplete="off"
            {...register("last")}
          />
          <TextInput label={t("addresses.note")} error={errorOf("note")} autoComplete="off" {...register("note")} />
          <FormEnd
            refusal={refusal}
            submit={t("addresses.reserve")}
            cancel={t("words.cancel")}
            busy={reserve.isPending}
            onCancel={onClose}
          />
        </Stack>
      </form>
    </Dialog>
  );
}
