/** One network: its facts, and its peers. */
import { Anchor, Breadcrumbs, Container, Loader, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { networksQuery, peersQuery } from "@/api/queries";
import { Nowhere } from "@/components/Nowhere";
import { ReadFailed } from "@/components/ReadFailed";
import { NetworkHeader } from "@/features/networks/NetworkHeader";
import { PeersSection } from "@/features/peers/PeersSection";
import { useTitle } from "@/lib/title";

export default function NetworkPage() {
  const { t } = useTranslation();
  const { networkId } = useParams({ from: "/networks/$networkId" });
  const api = useApi();
  const networks = useQuery(networksQuery(api));
  const peers = useQuery(peersQuery(api, networkId));
  const network = networks.data?.find((known) => known.id === networkId);
  useTitle(network?.name ?? t("networks.title"));
  if (networks.data && !network) return <Nowhere title={t("networks.gone")} text={t("networks.goneText")} />;
  return (
    <Container size="lg" py="xl">
      <Stack gap="lg">
        <Breadcrumbs>
          <Anchor component={Link} to="/networks" size="sm">
            {t("networks.title")}
          </Anchor>
          <Text size="sm" c="dimmed">
            {network?.name ?? "…"}
          </Text>
        </Breadcrumbs>
        {networks.error && !networks.data && (
          <ReadFailed title={t("networks.readFailed")} error={networks.error} retry={() => void networks.refetch()} />
        )}
        {network && <NetworkHeader network={network} peers={peers.data?.length} />}
        {peers.error && !peers.data && (
          <ReadFailed title={t("peers.readFailed")} error={peers.error} retry={() => void peers.refetch()} />
        )}
        {network && peers.data && <PeersSection network={network} peers={peers.data} />}
        {!(peers.data || peers.error) && <Loader size="sm" aria-label={t("peers.title")} />}
      </Stack>
    </Container>
  );
}
