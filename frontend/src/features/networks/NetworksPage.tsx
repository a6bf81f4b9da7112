/** All networks: the list, or how to draw the first. */
import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { useMay } from "@/api/me";
import { networksQuery } from "@/api/networks";
import { PageOf } from "@/components/Page";
import { FirstNetwork } from "./FirstNetwork";
import { NetworksTable } from "./NetworksTable";

const CreateNetworkDialog = lazy(() => import("./CreateNetworkDialog"));

export default function NetworksPage() {
  const { t } = useTranslation();
  const reading = useQuery(networksQuery(useApi()));
  const [creating, setCreating] = useState(false);
  const mayWrite = useMay("POST /networks");
  return (
    <PageOf
      title={t("networks.title")}
      description={t("networks.lead")}
      reading={reading}
      failed={t("networks.readFailed")}
      isEmpty={(networks) => networks.length === 0}
      empty={(networks) => <FirstNetwork networks={networks} onOther={() => setCreating(true)} />}
      actions={() =>
        mayWrite && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
            {t("networks.create")}
          </Button>
        )
      }
      dialogs={
        <Suspense>
          {creating && reading.data && (
            <CreateNetworkDialog networks={reading.data} onClose={() => setCreating(false)} />
          )}
        </Suspense>
      }
    >
      {() => <NetworksTable reading={reading} />}
    </PageOf>
  );
}
