/** Filters and sorting as they stand in the address: what does not fit is left out. */
export type Given = Record<string, unknown>;

/** The value of one name in `given`, when it is among those known. */
export function oneOf<const Value extends string>(given: unknown, known: readonly Value[]): Value | undefined {
  return known.find((value) => value === given);
}

export function words(given: unknown): string | undefined {
  return typeof given === "string" && given ? given : undefined;
}

/** `name` ascending, `-name` descending, of these columns. */
export function sorting(given: unknown, columns: readonly string[]): string | undefined {
  return columns.flatMap((id) => [id, `-${id}`]).find((known) => known === given);
}

/** Without what is undefined or empty. */
export function set<Values extends Record<string, string | undefined>>(
  values: Values,
): { [Name in keyof Values]?: Exclude<Values[Name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value)) as never;
}
