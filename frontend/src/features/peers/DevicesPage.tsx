/** A member's home: what they connect, and how to connect more. */
import { Button, Group, SimpleGrid } from "@mantine/core";
import { IconDeviceMobile, IconDevices, IconTerminal2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { useVisibleNetworks } from "@/api/networks";
import { EmptyState } from "@/components/EmptyState";
import { PageOf } from "@/components/Page";
import { ownPeersQuery } from "./api";
import { DeviceCard } from "./DeviceCard";

const AddDeviceDialog = lazy(() => import("./AddDeviceDialog"));

export default function DevicesPage() {
  const { t } = useTranslation();
  const reading = useQuery(ownPeersQuery(useApi()));
  const networks = useVisibleNetworks();
  const [adding, setAdding] = useState<"dynamic" | "static">();
  const hasNetworks = networks === undefined || networks.length > 0;
  const add = (
    <Group gap="sm">
      <Button leftSection={<IconTerminal2 size={16} aria-hidden />} onClick={() => setAdding("dynamic")}>
        {t("devices.addComputer")}
      </Button>
      <Button leftSection={<IconDeviceMobile size={16} aria-hidden />} onClick={() => setAdding("static")}>
        {t("devices.addPhone")}
      </Button>
    </Group>
  );
  return (
    <PageOf
      title={t("devices.title")}
      description={t("devices.lead")}
      reading={reading}
      failed={t("devices.readFailed")}
      isEmpty={(peers) => peers.length === 0}
      empty={() => (
        <EmptyState
          icon={<IconDevices size={30} aria-hidden />}
          title={t(hasNetworks ? "devices.emptyTitle" : "devices.noNetworks")}
          text={t(hasNetworks ? "devices.emptyText" : "devices.noNetworksText")}
        >
          {hasNetworks && add}
        </EmptyState>
      )}
      actions={() => hasNetworks && add}
      dialogs={
        <Suspense>
          {adding && networks && (
            <AddDeviceDialog kind={adding} networks={networks} onClose={() => setAdding(undefined)} />
          )}
        </Suspense>
      }
    >
      {(peers) => (
        <SimpleGrid component="ul" minColWidth="280px" spacing="md" m={0} p={0} style={{ listStyle: "none" }}>
          {peers.map((peer) => (
            <DeviceCard key={peer.id} peer={peer} network={networks?.find(({ id }) => id === peer.network_id)} />
          ))}
        </SimpleGrid>
      )}
    </PageOf>
  );
}
