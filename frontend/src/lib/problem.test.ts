import { expect, test } from "vitest";
import { problemFrom } from "@/lib/problem";

test("an answer that is no problem+json still says something", () => {
  expect(problemFrom(502, "<html>").message).toContain("502");
  expect(problemFrom(0, undefined).code).toBe("unreachable");
});

test("a token that a gateway does not take is named, and a refusal of the API itself is not", () => {
  for (const status of [400, 431, 494]) expect(problemFrom(status, "<html>").message).toMatch(/token is too large/);
  expect(problemFrom(400, { status: 400, code: "invalid", detail: "A name is needed." }).message).toBe(
    "A name is needed.",
  );
});
