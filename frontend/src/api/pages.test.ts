import { expect, test } from "vitest";
import { everyPage } from "@/api/pages";

test("a list is read to its last page", async () => {
  const pages: Record<string, { items: number[]; next_cursor: string | null }> = {
    first: { items: [1, 2], next_cursor: "b" },
    b: { items: [3], next_cursor: null },
  };

  expect(await everyPage(async (cursor) => pages[cursor ?? "first"] ?? { items: [], next_cursor: null })).toEqual([
    1, 2, 3,
  ]);
});
