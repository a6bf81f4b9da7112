import { expect, test } from "vitest";
import { may } from "@/api/me";

test.each([
  ["administrator", null, "POST /users", true],
  ["auditor", null, "GET /users", true],
  ["auditor", null, "POST /users", false],
  ["operator", null, "GET /users", false],
  ["member", ["net_1"], "GET /peers", true],
  ["member", ["net_1"], "GET /networks", false],
  ["member", ["net_1"], "POST /networks/{network_id}/peers", true],
] as const)("who is %s of %j: %s is offered: %s", (role, networks, call, isOffered) => {
  expect(may({ role, networks: networks && [...networks] }, call)).toBe(isOffered);
});

test("what concerns every network is for those who may act in all", () => {
  expect(may({ role: "operator", networks: null }, "POST /networks")).toBe(true);
  expect(may({ role: "operator", networks: ["net_1"] }, "POST /networks")).toBe(false);
});
