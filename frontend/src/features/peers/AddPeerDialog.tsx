/** Adding a peer in three steps: what it is, its settings, and how it connects. */
import { Alert, Group, Radio, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Network, Peer, PeerKind } from "@/api/shapes";
import { Dialog } from "@/components/Dialog";
import { AgentForm } from "./AgentForm";
import { type Enrollment, EnrollPanel } from "./EnrollPanel";
import { FilePanel, type MadeFile } from "./FilePanel";
import { KINDS } from "./filters";
import { StaticForm } from "./StaticForm";

type Made = { is: "enrollment"; enrollment: Enrollment } | { is: "file"; file: MadeFile };

type Props = { network: Network; peers: Peer[]; kind?: PeerKind; onClose: () => void };

export default function AddPeerDialog({ network, peers, kind: wanted, onClose }: Props) {
  const { t } = useTranslation();
  const [kind, setKind] = useState<PeerKind>(wanted ?? "dynamic");
  const [made, setMade] = useState<Made>();
  const cancel = t("words.cancel");
  if (made?.is === "enrollment") {
    return <EnrollPanel enrollment={made.enrollment} onClose={onClose} />;
  }
  if (made?.is === "file") return <FilePanel file={made.file} onClose={onClose} />;
  const hasHub = peers.some((peer) => peer.kind === "jump" && peer.public_key);
  return (
    <Dialog title={t("add.title", { network: network.name })} opened onClose={onClose} closeLabel={cancel} size="lg">
      <Stack>
        <Radio.Group label={t("add.what")} value={kind} onChange={(value) => setKind(value as PeerKind)}>
          <Stack gap="xs" mt={6}>
            {KINDS.map((value) => (
              <Radio.Card key={value} value={value} p="sm" radius="md">
                <Group wrap="nowrap" align="flex-start">
                  <Radio.Indicator mt={2} />
                  <div>
                    <Text fw={600} size="sm">
                      {t(`add.${value}`)}
                    </Text>
                    <Text size="sm" c="dimmed">
                      {t(`add.${value}Text`)}
                    </Text>
                  </div>
                </Group>
              </Radio.Card>
            ))}
          </Stack>
        </Radio.Group>
        {kind === "static" && !hasHub && (
          <Alert color="yellow" variant="outline">
            {t("add.staticNeedsHub")}
          </Alert>
        )}
        {kind === "static" && hasHub && (
          <StaticForm network={network} onMade={(file) => setMade({ is: "file", file })} onCancel={onClose} />
        )}
        {kind !== "static" && (
          <AgentForm
            key={kind}
            kind={kind}
            network={network}
            onMade={(enrollment) => setMade({ is: "enrollment", enrollment })}
            onCancel={onClose}
          />
        )}
      </Stack>
    </Dialog>
  );
}
