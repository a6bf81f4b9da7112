import { expect, test } from "vitest";
import { problemFrom } from "@/lib/problem";

test("an answer that is no problem+json still says something", () => {
  expect(problemFrom(502, "<html>").message).toContain("502");
  expect(problemFrom(0, undefined).code).toBe("unreachable");
});
