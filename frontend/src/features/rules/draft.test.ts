import { expect, test } from "vitest";
import type { AclRule } from "@/api/shapes";
import { aPeer } from "@/test/values";
import { differences, moved } from "./draft";
import { namesOf, portsOf, selectorOf } from "./selectors";

const rule = (source: string): AclRule => ({ source, destination: "*", action: "allow", protocol: null, ports: [] });
const [A, B, C, D] = ["tag:a", "tag:b", "tag:c", "tag:d"].map(rule) as [AclRule, AclRule, AclRule, AclRule];

test("the fewest differences are named: what is new, gone, or elsewhere", () => {
  expect(differences([A, B, C], [A, B, C])).toEqual([]);
  expect(differences([A, B, C], moved([A, B, C], 2, 0))).toEqual([{ kind: "moved", rule: C, number: 1 }]);
  expect(differences([A, B, C], [A, D, C])).toEqual([
    { kind: "added", rule: D, number: 2 },
    { kind: "removed", rule: B, number: 2 },
  ]);
  expect(differences([A, A], [A])).toEqual([{ kind: "removed", rule: A, number: 2 }]);
});

test("an end is read as people write it, and refused with what is wrong", () => {
  const names = namesOf([aPeer({ id: "dyn_1", name: "web" })]);

  expect(selectorOf("peer:web", names)).toEqual({ selector: "peer:dyn_1" });
  expect(selectorOf(" 10.0.0.0/24 ", names)).toEqual({ selector: "10.0.0.0/24" });
  expect(selectorOf("peer:mail", names)).toEqual({ error: "noSuchPeer", name: "mail" });
  for (const wrong of ["", "web", "10.0.0.1", "10.0.0.0/33", "tag:"]) {
    expect(selectorOf(wrong, names)).toMatchObject({ error: "endWrong" });
  }
  expect(portsOf("22, 8000 - 8010")).toEqual(["22", "8000-8010"]);
  for (const wrong of ["0", "70000", "9-1", "ssh"]) expect(portsOf(wrong)).toBeUndefined();
});
