import { expect, test } from "vitest";
import type { Peer } from "@/api/shapes";
import { aPeer } from "@/test/values";
import { firstSilence } from "./silence";

test("only a phone that is online falls silent, three minutes after its last handshake", () => {
  const at = (seen: string, changed: Partial<Peer> = {}) =>
    aPeer({ kind: "static", status: "online", last_seen: seen, ...changed });
  const peers = [
    at("2026-01-01T00:01:00Z"),
    at("2026-01-01T00:00:30Z"),
    at("2026-01-01T00:00:00Z", { status: "offline" }),
    at("2026-01-01T00:00:00Z", { kind: "dynamic" }),
  ];

  expect(firstSilence(peers)).toBe(Date.parse("2026-01-01T00:03:30Z"));
  expect(firstSilence(peers.slice(2))).toBeUndefined();
});
