/** A search field and one choice a filter; all of them live in the address. */
import { Group, NativeSelect, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useFilters } from "@/components/filters";

/** `any`: what stands there when nothing is chosen. */
export type Choice = {
  name: string;
  label: string;
  any: string;
  values: ReadonlyArray<{ value: string; label: string }>;
};

export function FilterBar({ search, choices = [] }: { search: string; choices?: readonly Choice[] }) {
  const [filters, change] = useFilters();
  return (
    <Group gap="sm">
      <TextInput
        type="search"
        aria-label={search}
        placeholder={search}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={filters.q ?? ""}
        onChange={(event) => change({ q: event.currentTarget.value })}
        style={{ flex: "1 1 220px", maxWidth: 320 }}
      />
      {choices.map(({ name, label, any, values }) => (
        <NativeSelect
          key={name}
          aria-label={label}
          value={filters[name] ?? ""}
          onChange={(event) => change({ [name]: event.currentTarget.value })}
          data={[{ value: "", label: any }, ...values]}
        />
      ))}
    </Group>
  );
}
