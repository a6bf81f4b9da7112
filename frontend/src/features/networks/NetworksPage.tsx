/** All networks: the list, or how to draw the first. */
import { Button, Container, Group, Loader, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconPlus, IconSearch, IconTopologyStar3 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { networksQuery } from "@/api/queries";
import { useMayWrite } from "@/api/rights";
import type { Network } from "@/api/shapes";
import { EmptyState } from "@/components/EmptyState";
import { ReadFailed } from "@/components/ReadFailed";
import { FirstNetwork } from "@/features/networks/FirstNetwork";
import { NetworksTable } from "@/features/networks/NetworksTable";
import { useTitle } from "@/lib/title";

const CreateNetworkDialog = lazy(() => import("@/features/networks/CreateNetworkDialog"));

export default function NetworksPage() {
  const { t } = useTranslation();
  useTitle(t("networks.title"));
  const { data, error, refetch } = useQuery(networksQuery(useApi()));
  const [creating, setCreating] = useState(false);
  const mayWrite = useMayWrite();
  return (
    <Container size="lg" py="xl">
      <Stack gap="lg">
        <Group justify="space-between" align="flex-end">
          <div>
            <Title order={1}>{t("networks.title")}</Title>
            <Text c="dimmed">{t("networks.lead")}</Text>
          </div>
          {mayWrite && data && data.length > 0 && (
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
              {t("networks.create")}
            </Button>
          )}
        </Group>
        {error && !data && <ReadFailed title={t("networks.readFailed")} error={error} retry={() => void refetch()} />}
        {!data && !error && <Loader size="sm" aria-label={t("networks.title")} />}
        {data?.length === 0 && <FirstNetwork networks={data} onOther={() => setCreating(true)} />}
        {data && data.length > 0 && <Found networks={data} />}
      </Stack>
      <Suspense>
        {creating && data && <CreateNetworkDialog networks={data} onClose={() => setCreating(false)} />}
      </Suspense>
    </Container>
  );
}

function Found({ networks }: { networks: Network[] }) {
  const { t } = useTranslation();
  const { q = "" } = useSearch({ from: "/networks" });
  const navigate = useNavigate({ from: "/networks" });
  const search = (text: string) => void navigate({ search: text ? { q: text } : {}, replace: true });
  const wanted = q.toLowerCase();
  const shown = networks.filter((one) => `${one.name} ${one.cidr} ${one.domain}`.toLowerCase().includes(wanted));
  return (
    <Stack gap="sm">
      <TextInput
        aria-label={t("networks.search")}
        placeholder={t("networks.search")}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={q}
        onChange={(event) => search(event.currentTarget.value)}
        maw={320}
      />
      <Text size="sm" c="dimmed" role="status">
        {t("networks.count", { count: shown.length })}
      </Text>
      {shown.length > 0 ? (
        <NetworksTable networks={shown} />
      ) : (
        <EmptyState
          icon={<IconTopologyStar3 aria-hidden />}
          title={t("networks.noResults", { query: q })}
          text={t("peers.noResultsText")}
        >
          <Button variant="default" onClick={() => search("")}>
            {t("networks.clear")}
          </Button>
        </EmptyState>
      )}
    </Stack>
  );
}
