import { expect, test } from "vitest";
import type { Change } from "@/api/shapes";
import { unplanned } from "./planning";

const NOW = Date.parse("2026-01-01T12:00:00Z");

function made(revision: number, secondsAgo: number, applied: Change["applied"] = null): Change {
  const at = new Date(NOW - secondsAgo * 1000).toISOString();
  return { revision, at, by: "usr_1", what: "peer_created", settings: [], peers: [], note: null, applied };
}

test("only a change of this minute is waited for", () => {
  const planned = { agents: 1, applied: 0, p50_ms: null, max_ms: null };

  expect(unplanned([made(3, 1, planned), made(2, 59)], NOW)).toBe(2);
  expect(unplanned([made(3, 1, planned), made(2, 60)], NOW)).toBeUndefined();
});
