/** One network: its facts, and the part of it that the address names. */
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { networksQuery } from "@/api/networks";
import type { Network } from "@/api/shapes";
import classes from "@/app/pages/NetworkPage.module.css";
import { Loaded } from "@/components/Loaded";
import { Nowhere } from "@/components/Nowhere";
import { NetworkContext } from "@/components/network";
import { Page } from "@/components/Page";
import { NetworkActions, NetworkFacts } from "@/features/networks/NetworkFacts";
import { peersQuery } from "@/features/peers/api";

const PARTS = [
  { to: "/networks/$networkId", text: "network.peers" },
  { to: "/networks/$networkId/addresses", text: "network.addresses" },
  { to: "/networks/$networkId/rules", text: "network.rules" },
  { to: "/networks/$networkId/join-keys", text: "network.joinKeys" },
  { to: "/networks/$networkId/changes", text: "network.changes" },
] as const;

export default function NetworkPage() {
  const { t } = useTranslation();
  const { networkId } = useParams({ from: "/networks/$networkId" });
  const api = useApi();
  const networks = useQuery(networksQuery(api));
  const { data: peers } = useQuery({ ...peersQuery(api, networkId), enabled: false }); // if its part has read them
  const network = networks.data?.find((known) => known.id === networkId);
  if (networks.data && !network) return <Nowhere title={t("networks.gone")} text={t("networks.goneText")} />;
  return (
    <Page
      title={network?.name ?? t("networks.title")}
      above={{ to: "/networks", label: t("networks.title") }}
      actions={network && <NetworkActions network={network} peers={peers?.length} />}
    >
      <Loaded
        reading={{ data: network, error: networks.error, refetch: networks.refetch }}
        what={t("networks.title")}
        failed={t("networks.readFailed")}
      >
        {(found) => (
          <NetworkContext value={found}>
            <NetworkFacts network={found} />
            <Parts network={found} />
            <Outlet />
          </NetworkContext>
        )}
      </Loaded>
    </Page>
  );
}

function Parts({ network }: { network: Network }) {
  const { t } = useTranslation();
  return (
    <nav className={classes.parts} aria-label={t("network.parts", { name: network.name })}>
      {PARTS.map(({ to, text }) => (
        <Link
          key={to}
          to={to}
          params={{ networkId: network.id }}
          activeOptions={{ exact: true, includeSearch: false }}
          className={classes.part}
        >
          {t(text)}
        </Link>
      ))}
    </nav>
  );
}
