import { expect, test } from "vitest";
import { auditSearch, filterOf, fromLocal, toLocal } from "./filters";

test("what is no time is left out of the address, and details are no filter", () => {
  const search = auditSearch({ since: "yesterday", until: "2026-01-01T00:00:00Z", open: "aud_1", other: 1 });

  expect(search).toEqual({ until: "2026-01-01T00:00:00Z", open: "aud_1" });
  expect(filterOf(search)).toEqual({ until: "2026-01-01T00:00:00Z" });
});

test("a time goes through the field of the browser's zone and comes back the same", () => {
  expect(fromLocal(toLocal("2026-07-01T10:30:00Z"))).toBe("2026-07-01T10:30:00Z");
  expect([toLocal(undefined), fromLocal("")]).toEqual(["", undefined]);
});
