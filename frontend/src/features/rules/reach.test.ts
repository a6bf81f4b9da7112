import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { AclRule, Peer } from "@/api/shapes";
import { aPeer } from "@/test/values";
import { matrix, type Protocol, policyOf, verdict } from "./reach";

type Case = { peers: Partial<Peer>[]; rules: AclRule[]; flows: [string, string, Protocol, number, boolean][] };
const CASES = JSON.parse(readFileSync("../tests/domain/tunnel/verdicts.json", "utf8")) as Case[];
const PEERS = [
  aPeer({ id: "jmp_1", name: "hub", kind: "jump", address: "10.0.0.1", public_key: "hub" }),
  aPeer({ id: "dyn_2", name: "web", address: "10.0.0.2", public_key: "web", tags: ["web"] }),
  aPeer({ id: "dyn_3", name: "db", address: "10.0.0.3", public_key: "db", tags: ["db"] }),
  aPeer({ id: "dyn_4", name: "log", address: "10.0.0.4", public_key: "log", tags: ["db", "web"] }),
];
const HTTPS = { protocol: "tcp", port: 443 } as const;

function rule(source: string, destination: string, action: AclRule["action"], given: Partial<AclRule> = {}): AclRule {
  return { source, destination, action, protocol: null, ports: [], ...given };
}

test("every verdict is that of the hubs' firewall", () => {
  const wrong = CASES.flatMap(({ peers, rules, flows }, number) => {
    const policy = policyOf(
      peers.map((peer) => aPeer(peer)),
      rules,
    );
    return flows
      .filter(([source, destination, protocol, port, isAllowed]) => {
        return verdict(policy, { source, destination, protocol, port }).isAllowed !== isAllowed;
      })
      .map((flow) => ({ number, flow }));
  });

  expect(CASES.flatMap(({ flows }) => flows).length).toBeGreaterThan(900);
  expect(wrong).toEqual([]);
});

test("what decided is named: the first rule that matches, none, a block, isolation, or an address of nobody", () => {
  const rules = [rule("tag:web", "tag:db", "allow", { protocol: "tcp", ports: ["443"] }), rule("*", "tag:db", "deny")];
  const flow = { source: "10.0.0.2", destination: "10.0.0.3", ...HTTPS };
  const because = (peers: Peer[], changed: object = {}) => verdict(policyOf(peers, rules), { ...flow, ...changed });

  expect(because(PEERS)).toEqual({ isAllowed: true, because: { kind: "rule", rule: 0 } });
  expect(because(PEERS, { port: 22 })).toEqual({ isAllowed: false, because: { kind: "rule", rule: 1 } });
  expect(because(PEERS, { destination: "10.0.0.1" }).because).toEqual({ kind: "default" });
  expect(because(PEERS, { destination: "10.0.0.9" }).because).toEqual({ kind: "stranger", address: "10.0.0.9" });
  const changed = (change: Partial<Peer>) => PEERS.map((peer) => (peer.id === "dyn_3" ? { ...peer, ...change } : peer));
  expect(because(changed({ is_blocked: true })).because).toEqual({ kind: "blocked", peer: "db" });
  expect(because(changed({ is_isolated: true })).because).toEqual({ kind: "isolated", peer: "db" });
});

test("a matrix counts every pair of two groups once, and no peer with itself", () => {
  const policy = policyOf(PEERS, [rule("tag:web", "tag:db", "deny", { protocol: "tcp", ports: ["443"] })]);
  const web = PEERS.filter((peer) => peer.tags.includes("web"));
  const db = PEERS.filter((peer) => peer.tags.includes("db"));

  expect(matrix(policy, [web, db], HTTPS)).toEqual([
    [
      { allowed: 1, pairs: 2 },
      { allowed: 0, pairs: 3 },
    ],
    [
      { allowed: 3, pairs: 3 },
      { allowed: 1, pairs: 2 },
    ],
  ]);
});
