/** A network's join keys, and making one. */
import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { IconPlus, IconTicket } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { useMay } from "@/api/me";
import { EmptyState } from "@/components/EmptyState";
import { useNetwork } from "@/components/network";
import { joinKeysQuery } from "./api";
import { JoinKeysTable } from "./JoinKeysTable";

const CreateJoinKeyDialog = lazy(() => import("./CreateJoinKeyDialog"));

export function JoinKeysSection() {
  const { t } = useTranslation();
  const network = useNetwork();
  const reading = useQuery(joinKeysQuery(useApi(), network.id));
  const mayCreate = useMay("POST /networks/{network_id}/join-keys");
  const [creating, setCreating] = useState(false);
  const create = mayCreate && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      {t("joinKeys.create")}
    </Button>
  );
  return (
    <Stack gap="sm" component="section" aria-label={t("joinKeys.title")}>
      <Group justify="space-between" align="flex-end">
        <div>
          <Title order={2} size="h3">
            {t("joinKeys.title")}
          </Title>
          <Text size="sm" c="dimmed">
            {t("joinKeys.lead")}
          </Text>
        </div>
        {reading.data && reading.data.length > 0 && create}
      </Group>
      <JoinKeysTable
        network={network}
        reading={reading}
        empty={
          <EmptyState
            icon={<IconTicket size={30} aria-hidden />}
            title={t("joinKeys.emptyTitle")}
            text={t("joinKeys.emptyText")}
          >
            {create}
          </EmptyState>
        }
      />
      <Suspense>{creating && <CreateJoinKeyDialog network={network} onClose={() => setCreating(false)} />}</Suspense>
    </Stack>
  );
}
