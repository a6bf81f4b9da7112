/** One end of a rule or of a flow: typed, with what there is to choose from. */
import { Autocomplete, defaultOptionsFilter, type OptionsFilter } from "@mantine/core";

type Props = {
  label: string;
  hint: string;
  value: string;
  groups: ReadonlyArray<{ group: string; items: readonly string[] }>;
  error: string | undefined;
  onChange: (value: string) => void;
  isFirst?: boolean;
};

const MOST_SHOWN = 30;

export function EndField({ label, hint, value, groups, error, onChange, isFirst = false }: Props) {
  return (
    <Autocomplete
      label={label}
      description={hint}
      value={value}
      error={error}
      onChange={onChange}
      data={groups.filter(({ items }) => items.length > 0).map(({ group, items }) => ({ group, items: [...items] }))}
      filter={shown}
      limit={MOST_SHOWN}
      maxDropdownHeight={240}
      comboboxProps={{ withinPortal: false }}
      autoComplete="off"
      spellCheck={false}
      data-autofocus={isFirst || undefined}
    />
  );
}

/** All while the value is one of them: who opens it wants another. */
const shown: OptionsFilter = ({ options, search, limit }) => {
  const items = options.flatMap((option) => ("items" in option ? option.items : [option]));
  const isChosen = items.some((item) => item.value === search);
  return defaultOptionsFilter({ options, search: isChosen ? "" : search, limit }) as ReturnType<OptionsFilter>;
};
