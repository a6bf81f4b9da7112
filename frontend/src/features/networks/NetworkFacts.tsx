/** A network's facts with copy buttons, and what can be done to it. */
import { Group, Paper, SimpleGrid, Text } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMayWrite } from "@/api/me";
import type { Network } from "@/api/shapes";
import { ActionMenu } from "@/components/ActionMenu";
import { CopyIcon } from "@/components/Copy";

const DeleteNetwork = lazy(() => import("./DeleteNetwork"));

export function NetworkFacts({ network }: { network: Network }) {
  const { t } = useTranslation();
  return (
    <Paper withBorder px="md" py="sm" radius="md">
      <SimpleGrid component="dl" minColWidth="220px" spacing="md" verticalSpacing="xs" m={0}>
        <Fact label={t("networks.cidr")} value={network.cidr} copy />
        {network.cidr_v6 && <Fact label={t("networks.cidrV6")} value={network.cidr_v6} copy />}
        <Fact label={t("networks.domain")} value={network.domain} copy />
        <Fact label={t("networks.dns")} value={network.dns.join(", ") || t("networks.dnsNone")} />
        <Fact label={t("networks.revision")} value={String(network.revision)} />
      </SimpleGrid>
    </Paper>
  );
}

export function NetworkActions({ network, peers }: { network: Network; peers: number | undefined }) {
  const { t } = useTranslation();
  const [deleting, setDeleting] = useState(false);
  const remove = { label: t("networks.delete"), icon: IconTrash, run: () => setDeleting(true), isDestructive: true };
  return (
    <>
      <ActionMenu name={network.name} actions={useMayWrite() ? [remove] : []} look="page" />
      <Suspense>
        {deleting && <DeleteNetwork network={network} peers={peers} onClose={() => setDeleting(false)} />}
      </Suspense>
    </>
  );
}

function Fact({ label, value, copy = false }: { label: string; value: string; copy?: boolean }) {
  const { t } = useTranslation();
  return (
    <div>
      <Text component="dt" size="xs" c="dimmed">
        {label}
      </Text>
      <Group component="dd" m={0} gap={6} wrap="nowrap">
        <Text span {...(copy ? { ff: "monospace" } : {})} size="sm" style={{ overflowWrap: "anywhere" }}>
          {value}
        </Text>
        {copy && <CopyIcon value={value} label={`${t("words.copy")}: ${label}`} />}
      </Group>
    </div>
  );
}
