/** How an agent joins: one line to paste, and the panel that turns when it has connected. */
import { Alert, Button, Group, List, Loader, Stack, Tabs, Text, ThemeIcon } from "@mantine/core";
import { IconCheck, IconInfoCircle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { useMe } from "@/api/me";
import type { Peer } from "@/api/shapes";
import { CopyBlock } from "@/components/Copy";
import { Dialog } from "@/components/Dialog";
import { enrollCommand, INSTALL_COMMAND } from "@/lib/commands";
import { exactly } from "@/lib/time";
import { peersQuery } from "./api";

const PATIENCE_MS = 60_000;
const UNTOLD_POLL_MS = 2_000;

export type Enrollment = { peer: Peer; token: string; expiresAt: string };
type Props = { enrollment: Enrollment; onClose: () => void };

export function EnrollPanel({ enrollment, onClose }: Props) {
  const { t } = useTranslation();
  const isTold = useMe()?.role !== "member"; // by frames, as it happens
  const { data } = useQuery({
    ...peersQuery(useApi(), enrollment.peer.network_id),
    refetchInterval: isTold ? false : UNTOLD_POLL_MS,
  });
  const peer = data?.find((known) => known.id === enrollment.peer.id) ?? enrollment.peer;
  const isConnected = peer.status === "online" || peer.status === "idle";
  const close = isConnected ? t("enroll.done") : t("enroll.leave");
  return (
    <Dialog title={t("enroll.title", { name: peer.name })} opened onClose={onClose} closeLabel={close} size="xl">
      <Stack>
        {!isConnected && <Instructions enrollment={enrollment} />}
        <Progress peer={peer} isConnected={isConnected} />
        <Group justify="flex-end">
          <Button variant={isConnected ? "filled" : "default"} onClick={onClose}>
            {close}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

function Instructions({ enrollment }: { enrollment: Enrollment }) {
  const { t } = useTranslation();
  const command = enrollCommand(window.location, enrollment.token);
  return (
    <>
      <Alert color="yellow" variant="outline">
        {t("enroll.once")} {t("enroll.expires", { at: exactly(enrollment.expiresAt) })}
      </Alert>
      <Tabs defaultValue="linux" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="linux">{t("enroll.linux")}</Tabs.Tab>
          <Tabs.Tab value="other">{t("enroll.other")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="linux" pt="md">
          <List
            type="ordered"
            spacing="md"
            listStyleType="decimal"
            w="100%"
            styles={{ itemWrapper: { width: "100%" }, itemLabel: { width: "100%" } }}
          >
            <List.Item>
              <Text fw={600} size="sm">
                {t("enroll.step1")}
              </Text>
              <Text size="sm" c="dimmed" mb={6}>
                {t("enroll.step1Text")}
              </Text>
              <CopyBlock text={INSTALL_COMMAND} label={t("enroll.copyCommand")} />
            </List.Item>
            <List.Item>
              <Text fw={600} size="sm" mb={6}>
                {t("enroll.step2")}
              </Text>
              <CopyBlock text={command} label={t("enroll.copyCommand")} />
            </List.Item>
            <List.Item>
              <Text fw={600} size="sm">
                {t("enroll.step3")}
              </Text>
            </List.Item>
          </List>
        </Tabs.Panel>
        <Tabs.Panel value="other" pt="md">
          <Text>{t("enroll.otherText")}</Text>
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function Progress({ peer, isConnected }: { peer: Peer; isConnected: boolean }) {
  const { t } = useTranslation();
  const isLate = useLate(isConnected);
  const waiting = peer.public_key
    ? t("enroll.enrolled", { name: peer.name })
    : t("enroll.waiting", { name: peer.name });
  return (
    <Stack gap="sm">
      <Group role="status" aria-live="polite" wrap="nowrap">
        {isConnected ? (
          <>
            <ThemeIcon color="teal.9" radius="xl" size={32} aria-hidden>
              <IconCheck size={18} />
            </ThemeIcon>
            <div>
              <Text fw={600}>{t("enroll.connected", { name: peer.name })}</Text>
              <Text size="sm" c="dimmed">
                {t("enroll.connectedText", { address: peer.address })}
              </Text>
            </div>
          </>
        ) : (
          <>
            <Loader size={20} aria-hidden="true" />
            <Text>{waiting}</Text>
          </>
        )}
      </Group>
      {isLate && <Hint peer={peer} />}
    </Stack>
  );
}

function Hint({ peer }: { peer: Peer }) {
  const { t } = useTranslation();
  const port = peer.listen_port ?? 51820;
  const isHub = peer.kind === "jump";
  const isMapped = peer.published_port !== null && peer.published_port !== port;
  return (
    <Alert
      variant="outline"
      icon={<IconInfoCircle aria-hidden />}
      title={isHub ? t("enroll.hintTitle", { port }) : t("enroll.hintAgentTitle")}
    >
      {isHub ? t("enroll.hintText", { port }) : t("enroll.hintAgentText")}
      {isMapped && ` ${t("enroll.hintMapped", { port, published: peer.published_port })}`}
    </Alert>
  );
}

/** Whether it has been waited for long enough to wonder. */
function useLate(isConnected: boolean): boolean {
  const [isLate, setIsLate] = useState(false);
  useEffect(() => {
    if (isConnected) return;
    const timer = setTimeout(() => setIsLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isConnected]);
  return isLate && !isConnected;
}
