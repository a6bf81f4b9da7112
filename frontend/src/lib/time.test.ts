import { expect, test } from "vitest";
import { ago } from "@/lib/time";

test.each([
  [10, "just now"],
  [100, "2 minutes ago"],
  [7_200, "2 hours ago"],
  [90_000, "yesterday"],
])("%i seconds are said as %s", (seconds, said) => {
  const now = Date.parse("2026-01-02T12:00:00Z");

  expect(ago(new Date(now - seconds * 1000).toISOString(), now)).toBe(said);
});
