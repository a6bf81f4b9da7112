import { expect, test } from "vitest";
import { placesOf } from "@/app/Navigation";

test.each([
  ["administrator", null, ["/networks", "/users", "/tokens", "/audit", "/settings"]],
  ["operator", null, ["/networks", "/tokens", "/audit"]],
  ["member", ["net_1"], ["/devices", "/tokens", "/audit"]],
] as const)("%s is led to the pages that are theirs, and begins at the first", (role, networks, places) => {
  expect(placesOf({ role, networks: networks && [...networks] }).map(({ to }) => to)).toEqual(places);
});
