/** Network, action and time to choose; who and on what come from a record, and go by their chips. */
import { Button, Group, NativeSelect, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useVisibleNetworks } from "@/api/networks";
import type { AuditRecord, Change } from "@/api/shapes";
import { useFilters } from "@/components/filters";
import { fromLocal, toLocal } from "./filters";
import { saidAction } from "./said";

const ACTIONS = [
  "network_created",
  "network_updated",
  "network_deleted",
  "acl_replaced",
  "peer_created",
  "peer_enrolled",
  "peer_joined",
  "peer_approved",
  "peer_updated",
  "peer_blocked",
  "peer_unblocked",
  "peer_reissued",
  "peer_deleted",
] as const satisfies ReadonlyArray<Change["what"]>;

export function AuditFilters({ records }: { records: readonly AuditRecord[] }) {
  const { t } = useTranslation();
  const [filters, change] = useFilters();
  const networks = useVisibleNetworks() ?? [];
  const known = new Set<string>([...ACTIONS, ...records.map((record) => record.action), filters.action ?? ""]);
  const actions = [...known].filter(Boolean).sort();
  return (
    <Group gap="sm" align="flex-end">
      <NativeSelect
        aria-label={t("audit.network")}
        value={filters.network ?? ""}
        onChange={(event) => change({ network: event.currentTarget.value })}
        data={[
          { value: "", label: t("audit.anyNetwork") },
          ...networks.map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
      <NativeSelect
        aria-label={t("audit.action")}
        value={filters.action ?? ""}
        onChange={(event) => change({ action: event.currentTarget.value })}
        data={[
          { value: "", label: t("audit.anyAction") },
          ...actions.map((value) => ({ value, label: saidAction(value) })),
        ]}
      />
      <Moment name="since" label={t("audit.since")} />
      <Moment name="until" label={t("audit.until")} />
      <Chip name="actor" text={(name) => t("audit.actorChip", { name })} known={records.map(({ actor }) => actor)} />
      <Chip
        name="target"
        text={(name) => t("audit.targetChip", { name })}
        known={records.map(({ target }) => target)}
      />
    </Group>
  );
}

function Moment({ name, label }: { name: "since" | "until"; label: string }) {
  const [filters, change] = useFilters();
  return (
    <TextInput
      type="datetime-local"
      aria-label={label}
      leftSection={label}
      leftSectionWidth={52}
      leftSectionProps={{ style: { fontSize: 13, color: "var(--mantine-color-dimmed)" }, "aria-hidden": true }}
      value={toLocal(filters[name])}
      onChange={(event) => change({ [name]: fromLocal(event.currentTarget.value) })}
    />
  );
}

type ChipProps = {
  name: "actor" | "target";
  text: (name: string) => string;
  known: ReadonlyArray<{ id: string; name: string }>;
};

function Chip({ name, text, known }: ChipProps) {
  const { t } = useTranslation();
  const [filters, change] = useFilters();
  const id = filters[name];
  if (!id) return null;
  const filter = text(known.find((one) => one.id === id)?.name ?? id);
  return (
    <Button
      variant="default"
      radius="xl"
      aria-label={t("audit.removeFilter", { filter })}
      rightSection={<IconX size={14} aria-hidden />}
      onClick={() => change({ [name]: undefined })}
    >
      {filter}
    </Button>
  );
}
