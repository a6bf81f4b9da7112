/** Who reaches whom, between tags or between peers. */
import { Group, SegmentedControl, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Peer } from "@/api/shapes";
import classes from "./Rules.module.css";
import { type Cell, connected, matrix, type Policy, type Traffic } from "./reach";

const MOST_SHOWN = 30;

type Props = { policy: Policy; traffic: Traffic; peers: readonly Peer[] };

export function ReachMatrix({ policy, traffic, peers }: Props) {
  const { t } = useTranslation();
  const [by, setBy] = useState<"tags" | "peers">("tags");
  const [search, setSearch] = useState("");
  const known = useMemo(() => connected(peers), [peers]);
  const all = useMemo(
    () => (by === "tags" ? tagged(known, t("rules.untagged")) : single(known, search)),
    [by, known, search, t],
  );
  const groups = all.slice(0, MOST_SHOWN);
  const asked = useDeferredValue(traffic);
  const cells = useMemo(
    () =>
      matrix(
        policy,
        groups.map((group) => group.peers),
        asked,
      ),
    [policy, groups, asked],
  );
  const said = ({ allowed, pairs }: Cell) => {
    if (pairs === 0) return t("rules.itself");
    if (allowed === 0) return t("rules.nobody");
    return allowed === pairs ? t("rules.all") : t("rules.some", { allowed, pairs });
  };
  return (
    <Stack gap="sm">
      <Group justify="space-between" align="flex-end">
        <div>
          <Title order={3} size="h4">
            {t("rules.matrixTitle")}
          </Title>
          <Text size="sm" c="dimmed">
            {t("rules.matrixLead")}
          </Text>
        </div>
        <Group gap="sm">
          {by === "peers" && (
            <TextInput
              aria-label={t("rules.matrixSearch")}
              placeholder={t("rules.matrixSearch")}
              value={search}
              onChange={(event) => setSearch(event.currentTarget.value)}
            />
          )}
          <SegmentedControl
            aria-label={t("rules.matrixOf")}
            value={by}
            onChange={(value) => setBy(value === "peers" ? "peers" : "tags")}
            data={[
              { value: "tags", label: t("rules.byTags") },
              { value: "peers", label: t("rules.byPeers") },
            ]}
          />
        </Group>
      </Group>
      {groups.length === 0 ? (
        <Text c="dimmed">{t("rules.matrixEmpty")}</Text>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
        <section className={classes.scroll} aria-label={t("rules.matrixTitle")} tabIndex={0}>
          <table className={classes.matrix}>
            <thead>
              <tr>
                <td style={{ border: 0 }} />
                {groups.map((group) => (
                  <th key={group.name} scope="col" title={group.name}>
                    {group.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {groups.map((from, row) => (
                <tr key={from.name}>
                  <th scope="row" title={from.name}>
                    {from.name}
                  </th>
                  {groups.map((to, column) => {
                    const cell = cells[row]?.[column] ?? { allowed: 0, pairs: 0 };
                    const reach = said(cell);
                    return (
                      <td
                        key={to.name}
                        data-reach={reachOf(cell)}
                        title={t("rules.cell", { from: from.name, to: to.name, reach })}
                      >
                        {reach}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {all.length > MOST_SHOWN && (
        <Text size="sm" c="dimmed">
          {t("rules.matrixMore", { shown: MOST_SHOWN, count: all.length })}
        </Text>
      )}
    </Stack>
  );
}

function reachOf({ allowed, pairs }: Cell): "all" | "none" | "some" | undefined {
  if (pairs === 0) return undefined;
  if (allowed === 0) return "none";
  return allowed === pairs ? "all" : "some";
}

type Grouped = { name: string; peers: readonly Peer[] };

function tagged(peers: readonly Peer[], untagged: string): Grouped[] {
  const tags = [...new Set(peers.flatMap((peer) => peer.tags))].sort();
  const groups = tags.map((tag) => ({ name: tag, peers: peers.filter((peer) => peer.tags.includes(tag)) }));
  const rest = peers.filter((peer) => peer.tags.length === 0);
  return rest.length > 0 ? [...groups, { name: untagged, peers: rest }] : groups;
}

function single(peers: readonly Peer[], search: string): Grouped[] {
  const words = search.trim().toLowerCase();
  return peers
    .filter((peer) => peer.name.toLowerCase().includes(words))
    .map((peer) => ({ name: peer.name, peers: [peer] }));
}
