/** A network's facts with copy buttons, and what can be done to it. */
import { Paper } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMay } from "@/api/me";
import type { Network } from "@/api/shapes";
import { ActionMenu } from "@/components/ActionMenu";
import { Fact, Facts } from "@/components/Facts";

const DeleteNetwork = lazy(() => import("./DeleteNetwork"));

export function NetworkFacts({ network }: { network: Network }) {
  const { t } = useTranslation();
  return (
    <Paper withBorder px="md" py="sm" radius="md">
      <Facts>
        <Fact label={t("networks.cidr")} value={network.cidr} copy />
        {network.cidr_v6 && <Fact label={t("networks.cidrV6")} value={network.cidr_v6} copy />}
        <Fact label={t("networks.domain")} value={network.domain} copy />
        <Fact label={t("networks.dns")} value={network.dns.join(", ") || t("networks.dnsNone")} />
        <Fact label={t("networks.revision")} value={String(network.revision)} />
      </Facts>
    </Paper>
  );
}

export function NetworkActions({ network, peers }: { network: Network; peers: number | undefined }) {
  const { t } = useTranslation();
  const [deleting, setDeleting] = useState(false);
  const mayDelete = useMay("DELETE /networks/{network_id}");
  const remove = { label: t("networks.delete"), icon: IconTrash, run: () => setDeleting(true), isDestructive: true };
  return (
    <>
      <ActionMenu name={network.name} actions={mayDelete ? [remove] : []} look="page" />
      <Suspense>
        {deleting && <DeleteNetwork network={network} peers={peers} onClose={() => setDeleting(false)} />}
      </Suspense>
    </>
  );
}
