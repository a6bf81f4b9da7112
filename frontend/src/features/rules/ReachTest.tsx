/** "May A reach B, and by which rule": the hubs' verdict about one connection. */
import { Group, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import { isValid } from "ipaddr.js";
import { useTranslation } from "react-i18next";
import type { AclRule, Peer } from "@/api/shapes";
import { EndField } from "./EndField";
import type { Policy, Reason, Traffic, Verdict } from "./reach";
import { connected, verdict } from "./reach";
import { namesOf } from "./selectors";
import { TrafficField } from "./TrafficField";
import { saidRule } from "./words";

export type Question = { from: string; to: string };

type Props = {
  question: Question;
  traffic: Traffic;
  policy: Policy;
  rules: readonly AclRule[];
  peers: readonly Peer[];
  isUnsaved: boolean;
  onAsk: (question: Question) => void;
  onTraffic: (traffic: Traffic) => void;
};

export function ReachTest({ question, traffic, policy, rules, peers, isUnsaved, onAsk, onTraffic }: Props) {
  const { t } = useTranslation();
  const groups = [{ group: t("rules.endsPeers"), items: peers.map((peer) => peer.name) }];
  const errorOf = (text: string) =>
    text === "" || addressOf(text, peers) ? undefined : t("rules.nobodyCalled", { text });
  const found = answer(question, traffic, policy, peers);
  return (
    <Paper withBorder p="md" radius="md" component="section" aria-label={t("rules.testTitle")}>
      <Stack gap="sm">
        <div>
          <Title order={3} size="h4">
            {t("rules.testTitle")}
          </Title>
          <Text size="sm" c="dimmed">
            {t(isUnsaved ? "rules.testUnsaved" : "rules.testLead")}
          </Text>
        </div>
        <SimpleGrid cols={{ base: 1, sm: 3 }} style={{ alignItems: "end" }}>
          <EndField
            label={t("rules.from")}
            hint={t("rules.testHint")}
            value={question.from}
            groups={groups}
            error={errorOf(question.from)}
            onChange={(from) => onAsk({ ...question, from })}
          />
          <EndField
            label={t("rules.to")}
            hint={t("rules.testHint")}
            value={question.to}
            groups={groups}
            error={errorOf(question.to)}
            onChange={(to) => onAsk({ ...question, to })}
          />
          <TrafficField traffic={traffic} onChange={onTraffic} />
        </SimpleGrid>
        <div role="status">{found && <Answer answer={found} rules={rules} peers={peers} />}</div>
      </Stack>
    </Paper>
  );
}

type Found = Verdict | { waiting: Peer };

/** Undefined while an end is not known. */
export function answer(
  question: Question,
  traffic: Traffic,
  policy: Policy,
  peers: readonly Peer[],
): Found | undefined {
  const [source, destination] = [addressOf(question.from, peers), addressOf(question.to, peers)];
  if (!source || !destination || (traffic.protocol !== "icmp" && traffic.port < 1)) return undefined;
  const ready = new Set(connected(peers));
  const waiting = peers.find((peer) => [source, destination].includes(peer.address) && !ready.has(peer));
  return waiting ? { waiting } : verdict(policy, { source, destination, ...traffic });
}

function addressOf(text: string, peers: readonly Peer[]): string | undefined {
  const said = text.trim();
  const named = peers.find((peer) => peer.name === said);
  if (named) return named.address;
  return said !== "" && isValid(said) ? said : undefined;
}

function Answer({ answer: found, rules, peers }: { answer: Found; rules: readonly AclRule[]; peers: readonly Peer[] }) {
  const { t } = useTranslation();
  if ("waiting" in found) return <Text>{t("rules.waits", { peer: found.waiting.name })}</Text>;
  const because = (reason: Reason): string => {
    switch (reason.kind) {
      case "rule": {
        const rule = rules[reason.rule];
        return rule ? t("rules.byRule", { number: reason.rule + 1, rule: saidRule(t, rule, namesOf(peers)) }) : "";
      }
      case "default":
        return t("rules.byDefault");
      case "blocked":
        return t("rules.byBlock", reason);
      case "isolated":
        return t("rules.byIsolation", reason);
      case "stranger":
        return t("rules.byStranger", reason);
    }
  };
  const Mark = found.isAllowed ? IconCircleCheck : IconCircleX;
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start">
      <Mark
        size={22}
        aria-hidden
        color={found.isAllowed ? "var(--wirety-online)" : "var(--wirety-blocked)"}
        style={{ flex: "none" }}
      />
      <Text>
        <strong>{t(found.isAllowed ? "rules.allowed" : "rules.refused")}</strong>, {because(found.because)}
      </Text>
    </Group>
  );
}
