/** What saving would change, before it does. */
import { Badge, Group, List, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";
import { Dialog } from "@/components/Dialog";
import { FormEnd } from "@/components/FormEnd";
import { useNetwork } from "@/components/network";
import { messageOf, Problem } from "@/lib/problem";
import { useReplaceRules } from "./api";
import type { Difference, Draft } from "./draft";
import type { Names } from "./selectors";
import { saidRule } from "./words";

type Props = { draft: Draft; changes: readonly Difference[]; names: Names; onSaved: () => void; onClose: () => void };

const COLOR = { added: "green", removed: "red", moved: "gray" } as const;

export default function SaveRules({ draft, changes, names, onSaved, onClose }: Props) {
  const { t } = useTranslation();
  const network = useNetwork();
  const replace = useReplaceRules(network.id);
  const save = () =>
    replace.mutate(draft, {
      onSuccess: () => {
        notifications.show({ message: t("rules.saved"), color: "teal" });
        onSaved();
      },
    });
  const refusalOf = (error: Error) => {
    if (!(error instanceof Problem) || error.fields.length === 0) return messageOf(error);
    return error.fields
      .map(({ field, message }) => {
        const [, number] = /^rules\[(\d+)\]/.exec(field) ?? [];
        return number === undefined ? message : t("rules.refusedAt", { number: Number(number) + 1, message });
      })
      .join(" ");
  };
  return (
    <Dialog title={t("rules.saveTitle")} opened onClose={onClose} closeLabel={t("words.cancel")} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <Stack>
          <Text>{t("rules.saveText", { network: network.name })}</Text>
          <List listStyleType="none" spacing={6}>
            {changes.map((change) => (
              <List.Item key={`${change.kind} ${change.number}`}>
                <Group gap="xs" wrap="nowrap" align="flex-start">
                  <Badge variant="outline" color={COLOR[change.kind]} c="var(--mantine-color-text)" miw={72}>
                    {t(`rules.${change.kind}`)}
                  </Badge>
                  <Text size="sm">
                    {change.number}. {saidRule(t, change.rule, names)}
                  </Text>
                </Group>
              </List.Item>
            ))}
          </List>
          <FormEnd
            refusal={replace.error ? refusalOf(replace.error) : undefined}
            submit={t("rules.save")}
            cancel={t("words.cancel")}
            busy={replace.isPending}
            onCancel={onClose}
          />
        </Stack>
      </form>
    </Dialog>
  );
}
