/** The networks that somebody or something is for, in a few words; all of them on hover. */
import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Granted } from "@/api/shapes";

const SHOWN = 2;

export function NetworkNames({ ids, known }: { ids: readonly string[] | null; known: readonly Granted[] }) {
  const { t } = useTranslation();
  if (ids === null) return <Text size="sm">{t("networksField.all")}</Text>;
  if (ids.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("networksField.no")}
      </Text>
    );
  }
  const names = namesOf(ids, known);
  const rest = names.length - SHOWN;
  const said = names.slice(0, SHOWN).join(", ");
  return (
    <Text size="sm" truncate title={names.join(", ")}>
      {rest > 0 ? t("networksField.more", { names: said, count: rest }) : said}
    </Text>
  );
}

/** An id where the name is not known: of a network that is gone, or not seen. */
export function namesOf(ids: readonly string[], known: readonly Granted[]): string[] {
  const names = new Map(known.map((network) => [network.id, network.name]));
  return ids.map((id) => names.get(id) ?? id);
}
