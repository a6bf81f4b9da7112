import { expect, test } from "vitest";
import { suggestedCidr, suggestedName } from "./suggestions";

test("the first network offered is free, and has a name of its own", () => {
  expect(suggestedCidr([])).toBe("10.20.0.0/24");
  expect(suggestedCidr(["10.20.0.0/24", "10.21.4.0/22", "192.168.0.0/24"])).toBe("10.22.0.0/24");
  expect(suggestedName([])).toBe("home");
  expect(suggestedName(["home", "network-2"])).toBe("network-3");
});
