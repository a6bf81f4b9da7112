import { expect, test } from "vitest";
import { removed, upserted } from "@/lib/items";
import { aPeer } from "@/test/values";

test("an older reading never replaces a newer one, and what is new takes its place by id", () => {
  const known = [aPeer({ id: "dyn_1", revision: 5 }), aPeer({ id: "dyn_3" })];

  expect(upserted(known, aPeer({ id: "dyn_1", revision: 4, name: "old" }))).toBe(known);
  expect(upserted(known, aPeer({ id: "dyn_2" }))?.map((peer) => peer.id)).toEqual(["dyn_1", "dyn_2", "dyn_3"]);
  expect(upserted(undefined, aPeer())).toBeUndefined();
  expect(removed(known, "dyn_9")).toBe(known);
  expect(removed(known, "dyn_1")).toHaveLength(1);
});
