/** A refusal's words on the fields they are about; what is about none stays for the form. */
import type { FieldValues, Path, UseFormSetError } from "react-hook-form";
import { messageOf, Problem } from "@/lib/problem";

type Form<Values extends FieldValues> = {
  fields: ReadonlyArray<Path<Values>>;
  /** The field that a refusal of a code is about when it names none. */
  ofCode: Readonly<Record<string, Path<Values>>>;
  setError: UseFormSetError<Values>;
};

/** Puts what it can on its fields; answers what is left to say on the form. */
export function spread<Values extends FieldValues>(
  error: Error,
  { fields, ofCode, setError }: Form<Values>,
): string | undefined {
  if (!(error instanceof Problem)) return messageOf(error);
  const about = error.fields.length > 0 ? error.fields : [{ field: ofCode[error.code] ?? "", message: error.message }];
  const unplaced: string[] = [];
  for (const { field, message } of about) {
    const known = fields.find((name) => field === name || field.startsWith(`${name}[`) || field.startsWith(`${name}.`));
    if (known) setError(known, { type: "server", message }, { shouldFocus: true });
    else unplaced.push(message);
  }
  return unplaced.length > 0 ? unplaced.join(" ") : undefined;
}

/** `a, b` as a list. */
export function listed(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean);
}
