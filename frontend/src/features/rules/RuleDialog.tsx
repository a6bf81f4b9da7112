/** One rule, new or edited; it is in force only once the list is saved. */
import { SegmentedControl, Select, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { AclRule, Peer } from "@/api/shapes";
import { Dialog } from "@/components/Dialog";
import { FormEnd } from "@/components/FormEnd";
import { EndField } from "./EndField";
import { namesOf, type Parsed, portsOf, selectorOf, typed } from "./selectors";

type Props = {
  title: string;
  rule: AclRule;
  peers: readonly Peer[];
  onUse: (rule: AclRule) => void;
  onClose: () => void;
};

const PROTOCOLS = ["tcp", "udp", "icmp"] as const;

export default function RuleDialog({ title, rule, peers, onUse, onClose }: Props) {
  const { t } = useTranslation();
  const names = namesOf(peers);
  const [action, setAction] = useState(rule.action);
  const [from, setFrom] = useState(typed(rule.source, names));
  const [to, setTo] = useState(typed(rule.destination, names));
  const [protocol, setProtocol] = useState(rule.protocol ?? null);
  const [ports, setPorts] = useState((rule.ports ?? []).join(", "));
  const [isTried, setIsTried] = useState(false);
  const hasPorts = protocol === "tcp" || protocol === "udp";
  const source = selectorOf(from, names);
  const destination = selectorOf(to, names);
  const portList = hasPorts ? portsOf(ports) : [];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    setIsTried(true);
    if ("error" in source || "error" in destination || portList === undefined) return;
    onUse({ action, source: source.selector, destination: destination.selector, protocol, ports: portList });
  };
  const errorOf = (parsed: Parsed) => (isTried && "error" in parsed ? t(`rules.${parsed.error}`, parsed) : undefined);
  const tags = [...new Set(peers.flatMap((peer) => peer.tags))].sort();
  const groups = [
    { group: t("rules.endsAnything"), items: ["*"] },
    { group: t("rules.endsTags"), items: tags.map((tag) => `tag:${tag}`) },
    { group: t("rules.endsPeers"), items: peers.map((peer) => `peer:${peer.name}`) },
  ];
  return (
    <Dialog title={title} opened onClose={onClose} closeLabel={t("words.cancel")}>
      <form onSubmit={submit} noValidate>
        <Stack>
          <SegmentedControl
            aria-label={t("rules.action")}
            value={action}
            onChange={(value) => setAction(value === "deny" ? "deny" : "allow")}
            data={[
              { value: "allow", label: t("rules.allow") },
              { value: "deny", label: t("rules.deny") },
            ]}
          />
          <EndField
            label={t("rules.from")}
            hint={t("rules.endHint")}
            value={from}
            groups={groups}
            error={errorOf(source)}
            onChange={setFrom}
            isFirst
          />
          <EndField
            label={t("rules.to")}
            hint={t("rules.endHint")}
            value={to}
            groups={groups}
            error={errorOf(destination)}
            onChange={setTo}
          />
          <Select
            label={t("rules.protocol")}
            value={protocol ?? ""}
            onChange={(value) => setProtocol(PROTOCOLS.find((known) => known === value) ?? null)}
            allowDeselect={false}
            comboboxProps={{ withinPortal: false }}
            data={[
              { value: "", label: t("rules.anyProtocol") },
              { value: "tcp", label: "TCP" },
              { value: "udp", label: "UDP" },
              { value: "icmp", label: t("rules.icmp") },
            ]}
          />
          {hasPorts && (
            <TextInput
              label={t("rules.portsLabel")}
              description={t("rules.portsHint")}
              value={ports}
              onChange={(event) => setPorts(event.currentTarget.value)}
              error={isTried && portList === undefined ? t("rules.portsWrong") : undefined}
              autoComplete="off"
            />
          )}
          <FormEnd
            refusal={undefined}
            submit={t("rules.use")}
            cancel={t("words.cancel")}
            busy={false}
            onCancel={onClose}
          />
        </Stack>
      </form>
    </Dialog>
  );
}
