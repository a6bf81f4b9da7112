/**
 * Whether a flow may begin, by a network's rules: the verdict of the firewall on its hubs, whose reference is
 * `chalicelib/domain/tunnel/firewall.py`; the cases of `tests/domain/tunnel/verdicts.json` hold both to each other.
 */
import { type IPv4, type IPv6, parse, parseCIDR } from "ipaddr.js";
import type { AclRule, Peer } from "@/api/shapes";

export type Protocol = "tcp" | "udp" | "icmp";
/** `port` 0: of a protocol without ports. */
export type Traffic = { protocol: Protocol; port: number };
/** Ends are addresses without a prefix length. */
export type Flow = Traffic & { source: string; destination: string };

/** What decided. `rule` counts from 0; `peer`: its name. */
export type Reason =
  | { kind: "rule"; rule: number }
  | { kind: "default" }
  | { kind: "blocked"; peer: string }
  | { kind: "isolated"; peer: string }
  | { kind: "stranger"; address: string };
export type Verdict = { isAllowed: boolean; because: Reason };

type Address = IPv4 | IPv6;
type Range = readonly [Address, number];
type Claim = { range: Range; peer: Peer };
/** An end of a flow, and whose it is. */
type End = { address: Address; text: string; owners: readonly Peer[] };
type CompiledRule = {
  source: (end: End) => boolean;
  destination: (end: End) => boolean;
  covers: (traffic: Traffic) => boolean;
  allows: boolean;
};
export type Policy = { claims: readonly Claim[]; rules: readonly CompiledRule[] };

/** Peers that the hubs know: with a key, and let in. */
export function connected(peers: readonly Peer[]): Peer[] {
  return peers.filter((peer) => peer.public_key !== null && peer.status !== "pending_approval");
}

export function policyOf(peers: readonly Peer[], rules: readonly AclRule[]): Policy {
  const claims = connected(peers).flatMap((peer) => territoryOf(peer).map((cidr) => ({ range: range(cidr), peer })));
  return { claims, rules: rules.map(compiled) };
}

export function verdict({ claims, rules }: Policy, flow: Flow): Verdict {
  const source = endOf(claims, flow.source);
  const destination = endOf(claims, flow.destination);
  const stranger = [source, destination].find((end) => end.owners.length === 0);
  if (stranger) return refused({ kind: "stranger", address: stranger.text });
  return verdictBetween(rules, source, destination, flow);
}

function verdictBetween(rules: readonly CompiledRule[], source: End, destination: End, traffic: Traffic): Verdict {
  const cut = cutOff(source) ?? cutOff(destination);
  if (cut) return refused({ kind: "blocked", peer: cut.name });
  const lonely = aloneWithHubs(destination, source) ?? aloneWithHubs(source, destination);
  if (lonely) return refused({ kind: "isolated", peer: lonely.name });
  const rule = rules.findIndex((one) => one.covers(traffic) && one.source(source) && one.destination(destination));
  if (rule < 0) return { isAllowed: true, because: { kind: "default" } };
  return { isAllowed: rules[rule]?.allows ?? false, because: { kind: "rule", rule } };
}

const refused = (because: Reason): Verdict => ({ isAllowed: false, because });

/** Blocked, unless a hub that is not serves the address as well. */
function cutOff({ owners }: End): Peer | undefined {
  const isServed = owners.some((peer) => peer.kind === "jump" && !peer.is_blocked);
  return isServed ? undefined : owners.find((peer) => peer.is_blocked);
}

/** The isolated peer at one end, when the other is no hub's. */
function aloneWithHubs(end: End, other: End): Peer | undefined {
  return other.owners.some((peer) => peer.kind === "jump") ? undefined : end.owners.find((peer) => peer.is_isolated);
}

function territoryOf(peer: Peer): string[] {
  const own = [`${peer.address}/32`, ...(peer.address_v6 ? [`${peer.address_v6}/128`] : [])];
  return [...own, ...peer.additional_allowed_ips];
}

/** Whose an address is, by the longest prefix; of several where they share it. */
function endOf(claims: readonly Claim[], text: string): End {
  const address = parse(text);
  let longest = -1;
  let owners: Peer[] = [];
  for (const { range, peer } of claims) {
    if (!isWithin(address, range) || range[1] < longest) continue;
    owners = range[1] > longest ? [peer] : [...owners, peer];
    longest = range[1];
  }
  return { address, text, owners };
}

function compiled(rule: AclRule): CompiledRule {
  return {
    source: selects(rule.source),
    destination: selects(rule.destination),
    covers: coverage(rule),
    allows: rule.action === "allow",
  };
}

function selects(selector: string): (end: End) => boolean {
  if (selector === "*") return () => true;
  if (selector.startsWith("peer:")) return ({ owners }) => owners.some((peer) => `peer:${peer.id}` === selector);
  if (selector.startsWith("tag:")) {
    return ({ owners }) => owners.some((peer) => peer.tags.some((tag) => `tag:${tag}` === selector));
  }
  const cidr = range(selector);
  return ({ address }) => isWithin(address, cidr);
}

function coverage({ protocol, ports }: AclRule): (traffic: Traffic) => boolean {
  const ranges = (ports ?? []).map((text) => {
    const [first = 0, last = first] = text.split("-").map(Number);
    return [first, last] as const;
  });
  return (traffic) => {
    if (protocol && protocol !== traffic.protocol) return false;
    return ranges.length === 0 || ranges.some(([first, last]) => first <= traffic.port && traffic.port <= last);
  };
}

const range = (cidr: string): Range => parseCIDR(cidr) as Range;

function isWithin(address: Address, [network, bits]: Range): boolean {
  return address.kind() === network.kind() && address.match([network, bits] as never);
}

/** How many of the pairs between two groups may talk. */
export type Cell = { allowed: number; pairs: number };
/** Peers that policy treats alike, by their own addresses: one stands for all. */
type Alike = { end: End; count: number };

/** From each group to each: rows are sources. A peer is never paired with itself. */
export function matrix(policy: Policy, groups: ReadonlyArray<readonly Peer[]>, traffic: Traffic): Cell[][] {
  const classes = groups.map((group) => alike(policy, group));
  return groups.map((from, row) =>
    groups.map((to, column) => {
      const shared = new Set(from.map((peer) => peer.id));
      const both = to.filter((peer) => shared.has(peer.id));
      const all = pairsOf(policy, classes[row] ?? [], classes[column] ?? [], traffic);
      const own = alike(policy, both).map(({ end, count }) => {
        const { isAllowed } = verdictBetween(policy.rules, end, end, traffic);
        return { allowed: isAllowed ? count : 0, pairs: count };
      });
      return own.reduce((left, one) => ({ allowed: left.allowed - one.allowed, pairs: left.pairs - one.pairs }), all);
    }),
  );
}

function pairsOf(policy: Policy, from: readonly Alike[], to: readonly Alike[], traffic: Traffic): Cell {
  const cell = { allowed: 0, pairs: 0 };
  for (const source of from) {
    for (const destination of to) {
      const pairs = source.count * destination.count;
      cell.pairs += pairs;
      if (verdictBetween(policy.rules, source.end, destination.end, traffic).isAllowed) cell.allowed += pairs;
    }
  }
  return cell;
}

function alike(policy: Policy, peers: readonly Peer[]): Alike[] {
  const found = new Map<string, Alike>();
  for (const peer of peers) {
    const end = { address: parse(peer.address), text: peer.address, owners: [peer] };
    const sign = [
      peer.kind === "jump",
      peer.is_blocked,
      peer.is_isolated,
      ...policy.rules.flatMap((rule) => [rule.source(end), rule.destination(end)]),
    ]
      .map(Number)
      .join("");
    const known = found.get(sign);
    if (known) known.count += 1;
    else found.set(sign, { end, count: 1 });
  }
  return [...found.values()];
}
