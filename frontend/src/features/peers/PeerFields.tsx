/** The fields that peers of several kinds share. */
import { TextInput } from "@mantine/core";
import type { FieldErrors, FieldValues, Path, UseFormRegister } from "react-hook-form";
import { useTranslation } from "react-i18next";

const TEXTS = {
  name: ["add.name", "add.nameHint"],
  address: ["add.address", "add.addressHint"],
  additional_allowed_ips: ["add.behind", "add.behindHint"],
} as const;

type Props<Values extends FieldValues> = {
  field: Path<Values> & keyof typeof TEXTS;
  register: UseFormRegister<Values>;
  errors: FieldErrors<Values>;
};

export function PeerField<Values extends FieldValues>({ field, register, errors }: Props<Values>) {
  const { t } = useTranslation();
  const [label, hint] = TEXTS[field as keyof typeof TEXTS];
  const error = errors[field]?.message;
  return (
    <TextInput
      label={t(label)}
      description={t(hint)}
      error={typeof error === "string" ? error : undefined}
      autoComplete="off"
      data-autofocus={field === "name" || undefined}
      {...register(field)}
    />
  );
}
