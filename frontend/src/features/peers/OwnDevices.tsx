/** A member's own devices in a few lines, for their profile. */
import { Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { Loaded } from "@/components/Loaded";
import { StatusMark } from "@/components/StatusMark";
import { ownPeersQuery } from "./api";

export function OwnDevices() {
  const { t } = useTranslation();
  const reading = useQuery(ownPeersQuery(useApi()));
  return (
    <Loaded reading={reading} what={t("devices.title")} failed={t("devices.readFailed")}>
      {(peers) =>
        peers.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t("devices.none")}
          </Text>
        ) : (
          <Stack gap={4} component="ul" m={0} p={0} style={{ listStyle: "none" }}>
            {peers.map((peer) => (
              <Group key={peer.id} component="li" gap="sm">
                <Text size="sm" fw={600}>
                  {peer.name}
                </Text>
                <StatusMark status={peer.status} />
              </Group>
            ))}
          </Stack>
        )
      }
    </Loaded>
  );
}
