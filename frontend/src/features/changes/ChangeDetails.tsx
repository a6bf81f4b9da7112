/** What a change was, in words: settings before and after, the peers and what of them, and how far it is applied. */
import { Group, Progress, Text } from "@mantine/core";
import i18next from "i18next";
import { useTranslation } from "react-i18next";
import type { Change } from "@/api/shapes";

const SHOWN_PEERS = 5;

export function ChangeDetails({ change }: { change: Change }) {
  const { t } = useTranslation();
  const more = change.peers.length - SHOWN_PEERS;
  return (
    <>
      {change.settings.map(({ name, before, after }) => (
        <Text key={name} size="sm">
          {t("changes.setting", {
            name: fieldName(name),
            before: before || t("changes.none"),
            after: after || t("changes.none"),
          })}
        </Text>
      ))}
      {change.peers.slice(0, SHOWN_PEERS).map((peer) => (
        <Text key={peer.id} size="sm">
          {saysFields(change)
            ? t("changes.peer", { name: peer.name, fields: peer.fields.map(fieldName).join(", ") })
            : peer.name}
        </Text>
      ))}
      {more > 0 && <Text size="sm">{t("changes.more", { count: more })}</Text>}
      {change.note && (
        <Text size="sm" c="dimmed">
          {change.note}
        </Text>
      )}
      <Applied applied={change.applied} />
    </>
  );
}

/** Of the other kinds all fields differ, or the kind says it all. */
function saysFields({ what }: Change): boolean {
  return what === "peer_updated";
}

function Applied({ applied }: { applied: Change["applied"] }) {
  const { t } = useTranslation();
  if (!applied) return <Said text={t("changes.unknown")} />;
  const { agents, applied: done, p50_ms, max_ms } = applied;
  if (agents === 0) return <Said text={t("changes.concernsNone")} />;
  const isAll = done >= agents;
  const times = [
    ...(p50_ms === null || agents === 1 ? [] : [t("changes.median", { time: said(p50_ms) })]),
    ...(max_ms === null ? [] : [t(isAll ? "changes.slowest" : "changes.slowestSoFar", { time: said(max_ms) })]),
  ];
  const text = isAll
    ? t("changes.appliedAll", { count: agents })
    : t("changes.applied", { applied: done, count: agents });
  return (
    <Group gap={8}>
      {!isAll && <Progress value={(done / agents) * 100} w={90} size="sm" aria-label={text} color="cyan.9" />}
      <Said text={[text, ...times].join(" · ")} />
    </Group>
  );
}

function Said({ text }: { text: string }) {
  return (
    <Text size="sm" c="dimmed">
      {text}
    </Text>
  );
}

/** A time in milliseconds as people read it, to two digits like the API's. */
export function said(ms: number): string {
  if (ms < 1000) return i18next.t("changes.milliseconds", { n: ms });
  return i18next.t("changes.seconds", { n: Number((ms / 1000).toPrecision(2)) });
}

function fieldName(name: string): string {
  return i18next.t(`changes.field.${name}`, { defaultValue: name.replaceAll("_", " ") });
}
