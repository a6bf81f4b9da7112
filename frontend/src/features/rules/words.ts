/** A rule in words. */
import type { TFunction } from "i18next";
import type { AclRule } from "@/api/shapes";
import type { Names } from "./selectors";

export function saidEnd(t: TFunction, selector: string, names: Names): string {
  if (selector === "*") return t("rules.anything");
  if (selector.startsWith("tag:")) return t("rules.tagged", { tag: selector.slice(4) });
  if (!selector.startsWith("peer:")) return selector;
  const id = selector.slice(5);
  return names.get(id) ?? t("rules.gonePeer", { id });
}

export function saidTraffic(t: TFunction, { protocol, ports }: Pick<AclRule, "protocol" | "ports">): string {
  if (!protocol) return t("rules.anyTraffic");
  if (protocol === "icmp") return t("rules.icmp");
  const name = protocol.toUpperCase();
  if (!ports || ports.length === 0) return t("rules.anyPort", { protocol: name });
  const count = ports.length === 1 && !ports[0]?.includes("-") ? 1 : 2;
  return t("rules.ports", { count, protocol: name, ports: ports.join(", ") });
}

export function saidRule(t: TFunction, rule: AclRule, names: Names): string {
  return t("rules.sentence", {
    action: t(`rules.${rule.action}`),
    traffic: saidTraffic(t, rule),
    from: saidEnd(t, rule.source, names),
    to: saidEnd(t, rule.destination, names),
  });
}
