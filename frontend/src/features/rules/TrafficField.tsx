/** The traffic that a question is about: a protocol, and a port where it has one. */
import { Group, NumberInput, Select } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Traffic } from "./reach";

const PROTOCOLS = ["tcp", "udp", "icmp"] as const;

export function TrafficField({ traffic, onChange }: { traffic: Traffic; onChange: (traffic: Traffic) => void }) {
  const { t } = useTranslation();
  const hasPort = traffic.protocol !== "icmp";
  return (
    <Group gap="sm" align="flex-end" wrap="nowrap">
      <Select
        label={t("rules.protocol")}
        w={150}
        value={traffic.protocol}
        allowDeselect={false}
        onChange={(value) => {
          const protocol = PROTOCOLS.find((known) => known === value) ?? "tcp";
          onChange({ protocol, port: protocol === "icmp" ? 0 : traffic.port || 443 });
        }}
        data={[
          { value: "tcp", label: "TCP" },
          { value: "udp", label: "UDP" },
          { value: "icmp", label: t("rules.icmp") },
        ]}
      />
      {hasPort && (
        <NumberInput
          label={t("rules.port")}
          w={110}
          min={1}
          max={65535}
          clampBehavior="blur"
          allowDecimal={false}
          value={traffic.port}
          onChange={(port) => onChange({ ...traffic, port: Number(port) || 0 })}
        />
      )}
    </Group>
  );
}
