/** No network yet: one that fits is one click away. */
import { Alert, Button, Group } from "@mantine/core";
import { IconTopologyStar3 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useMay } from "@/api/me";
import type { Network } from "@/api/shapes";
import { EmptyState } from "@/components/EmptyState";
import { messageOf } from "@/lib/problem";
import { useCreateNetwork } from "./api";
import { useOpenNetwork } from "./open";
import { suggestedCidr, suggestedName } from "./suggestions";

export function FirstNetwork({ networks, onOther }: { networks: Network[]; onOther: () => void }) {
  const { t } = useTranslation();
  const create = useCreateNetwork();
  const open = useOpenNetwork();
  const mayWrite = useMay("POST /networks");
  const cidr = suggestedCidr(networks.map((network) => network.cidr));
  const name = suggestedName(networks.map((network) => network.name));
  return (
    <EmptyState
      icon={<IconTopologyStar3 size={30} aria-hidden />}
      title={t("networks.emptyTitle")}
      text={mayWrite ? t("networks.emptyText", { cidr }) : t("words.readOnly")}
    >
      {mayWrite && (
        <Group justify="center">
          <Button loading={create.isPending} onClick={() => create.mutate({ name, cidr }, { onSuccess: open })}>
            {t("networks.emptyAction", { name, cidr })}
          </Button>
          <Button variant="default" onClick={onOther}>
            {t("networks.emptyOther")}
          </Button>
        </Group>
      )}
      {create.error && (
        <Alert color="red" variant="outline" role="alert">
          {messageOf(create.error)}
        </Alert>
      )}
    </EmptyState>
  );
}
