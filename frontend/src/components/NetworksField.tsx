/** Which networks somebody or something is for: all, also those to come, or some. */
import { Checkbox, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Granted } from "@/api/shapes";
import classes from "@/components/NetworksField.module.css";

const SEARCH_FROM = 9;

type Props = {
  label: string;
  /** null: all. */
  value: readonly string[] | null;
  known: readonly Granted[];
  error?: string | undefined;
  /** What "all" is for whoever chooses: all there are, or all that they see. */
  all: string;
  onChange: (value: string[] | null) => void;
};

export function NetworksField({ label, value, known, error, all, onChange }: Props) {
  const { t } = useTranslation();
  const [q, setQ] = useState("");
  const [some, setSome] = useState<string[]>([...(value ?? [])]);
  const choose = (ids: string[] | null) => {
    if (ids) setSome(ids);
    onChange(ids);
  };
  const gone = (value ?? []).filter((id) => !known.some((network) => network.id === id));
  const shown = [...known, ...gone.map((id) => ({ id, name: id }))].filter(({ name }) =>
    name.toLowerCase().includes(q.toLowerCase()),
  );
  return (
    <Stack gap={6}>
      <Radio.Group
        label={label}
        value={value === null ? "all" : "some"}
        onChange={(choice) => choose(choice === "all" ? null : some)}
        error={error}
      >
        <Stack gap={6} mt={6}>
          <Radio value="all" label={all} />
          <Radio value="some" label={t("networksField.some")} />
        </Stack>
      </Radio.Group>
      {value !== null && (
        <Stack gap={6} pl={28}>
          {known.length >= SEARCH_FROM && (
            <TextInput
              size="xs"
              type="search"
              aria-label={t("networksField.search")}
              placeholder={t("networksField.search")}
              value={q}
              onChange={(event) => setQ(event.currentTarget.value)}
            />
          )}
          <Checkbox.Group value={[...value]} onChange={choose} aria-label={label}>
            <Stack gap={6} className={classes.list}>
              {shown.map(({ id, name }) => (
                <Checkbox key={id} value={id} label={name} size="sm" />
              ))}
              {shown.length === 0 && (
                <Text size="sm" c="dimmed">
                  {t("networksField.none")}
                </Text>
              )}
            </Stack>
          </Checkbox.Group>
        </Stack>
      )}
    </Stack>
  );
}
