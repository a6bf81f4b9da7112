import { expect, test } from "vitest";
import { networksSearch } from "./filters";

test("what does not fit is left out of the address", () => {
  expect(networksSearch({ q: 7, sort: "revision" })).toEqual({});
  expect(networksSearch({ q: "home", sort: "-created" })).toEqual({ q: "home", sort: "-created" });
});
