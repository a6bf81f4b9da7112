/** One's own API tokens in a few lines, for the profile. */
import { Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { Loaded } from "@/components/Loaded";
import { When } from "@/components/When";
import { tokensQuery } from "./api";

export function OwnTokens() {
  const { t } = useTranslation();
  const reading = useQuery(tokensQuery(useApi(), false));
  return (
    <Loaded reading={reading} what={t("tokens.title")} failed={t("tokens.readFailed")}>
      {(tokens) =>
        tokens.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t("tokens.none")}
          </Text>
        ) : (
          <Stack gap={4} component="ul" m={0} p={0} style={{ listStyle: "none" }}>
            {tokens.map((token) => (
              <Group key={token.id} component="li" gap="sm">
                <Text size="sm" fw={600}>
                  {token.name}
                </Text>
                <Text size="sm" c="dimmed" component="div">
                  {t(`role.${token.role}`)}, {t("tokens.usedShort")}{" "}
                  <When at={token.last_used_at} otherwise={t("tokens.unused")} />
                </Text>
              </Group>
            ))}
          </Stack>
        )
      }
    </Loaded>
  );
}
