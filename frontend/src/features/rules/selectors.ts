/** What a rule's ends are called by people: a peer by its name, where the API has its id. */
import { isValidCIDR } from "ipaddr.js";
import type { AclRule, Peer } from "@/api/shapes";

export type Names = ReadonlyMap<string, string>;

/** Peers' names by id. */
export const namesOf = (peers: readonly Peer[]): Names => new Map(peers.map((peer) => [peer.id, peer.name]));

/** As it is typed: `peer:NAME` for a peer that is there. */
export function typed(selector: string, names: Names): string {
  const name = selector.startsWith("peer:") ? names.get(selector.slice(5)) : undefined;
  return name === undefined ? selector : `peer:${name}`;
}

export type Parsed = { selector: string } | { error: "endWrong" | "noSuchPeer"; name: string };

/** What was typed, as the API takes it. A peer is found by its name or its id. */
export function selectorOf(text: string, names: Names): Parsed {
  const said = text.trim();
  if (said.startsWith("peer:")) {
    const name = said.slice(5);
    const found = [...names].find(([id, known]) => known === name || id === name);
    return found ? { selector: `peer:${found[0]}` } : { error: "noSuchPeer", name };
  }
  const isKnown = said === "*" || /^tag:[^\s]+$/.test(said) || (said.includes("/") && isValidCIDR(said));
  return isKnown ? { selector: said } : { error: "endWrong", name: said };
}

/** `22, 8000-8010` as the API takes it; undefined where it says no ports. */
export function portsOf(text: string): string[] | undefined {
  const ports = text
    .split(",")
    .map((port) => port.replaceAll(/\s/g, ""))
    .filter(Boolean);
  const areRight = ports.every((port) => {
    const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(port) ?? [];
    return first !== undefined && Number(first) >= 1 && Number(first) <= Number(last) && Number(last) <= 65535;
  });
  return areRight ? ports : undefined;
}

export function isSame(one: AclRule, other: AclRule): boolean {
  return textOf(one) === textOf(other);
}

export const textOf = (rule: AclRule): string =>
  [rule.action, rule.source, rule.destination, rule.protocol ?? "", ...(rule.ports ?? [])].join(" ");
