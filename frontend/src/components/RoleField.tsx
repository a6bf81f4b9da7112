/** A role, each with what it lets people do. */
import { Group, Radio, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Role } from "@/api/shapes";

type Props = {
  label: string;
  value: string;
  roles: readonly Role[];
  /** One more choice: that it is not said here. */
  none?: { label: string; text: string };
  error?: string | undefined;
  onChange: (value: string) => void;
};

export function RoleField({ label, value, roles, none, error, onChange }: Props) {
  const { t } = useTranslation();
  const choices = roles.map((role) => ({
    value: role as string,
    label: t(`role.${role}`),
    text: t(`roleText.${role}`),
  }));
  return (
    <Radio.Group label={label} value={value} onChange={onChange} error={error}>
      <Stack gap={6} mt={6}>
        {[...choices, ...(none ? [{ value: "", ...none }] : [])].map((choice) => (
          <Radio.Card key={choice.value} value={choice.value} px="sm" py={8} radius="md">
            <Group wrap="nowrap" align="flex-start" gap="sm">
              <Radio.Indicator mt={2} />
              <div>
                <Text fw={600} size="sm">
                  {choice.label}
                </Text>
                <Text size="xs" c="dimmed">
                  {choice.text}
                </Text>
              </div>
            </Group>
          </Radio.Card>
        ))}
      </Stack>
    </Radio.Group>
  );
}
