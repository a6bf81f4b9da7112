import { expect, test } from "vitest";
import { addressOrder } from "@/lib/addresses";

test("addresses are in the order of their numbers, ranges in that of their first address and length", () => {
  const inOrder = ["9.255.0.0/16", "10.0.0.9", "10.0.0.10", "10.0.1.0/24", "10.0.1.0/25"];

  expect(inOrder.toReversed().sort((a, b) => addressOrder(a) - addressOrder(b))).toEqual(inOrder);
});
