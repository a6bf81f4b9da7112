import { expect, test } from "vitest";
import type { Allocation, Capacity } from "@/api/shapes";
import { addressOf, blocksOf, MOST_BLOCKS, numberOf, stateOf } from "./picture";

const COUNTS = { usable: 0, allocated: 0, reserved: 0, quarantined: 0, available: 0 };

function capacity(cidr: string, ...reserved: Array<[string, string]>): Capacity {
  const reservations = reserved.map(([first, last]) => ({ first, last, note: null, replayed: false }));
  return { cidr, cidr_v6: null, ipv4: COUNTS, ipv6: null, reservations };
}

function allocation(address: string, state: Allocation["state"] = "held"): Allocation {
  return { address, address_v6: null, state, peer_id: null, peer_name: "web", freed_at: null, available_at: null };
}

test("a small range has a block an address, with who holds it", () => {
  const blocks = blocksOf(capacity("10.0.0.0/28", ["10.0.0.8", "10.0.0.9"]), [
    allocation("10.0.0.1"),
    allocation("10.0.0.2", "quarantined"),
  ]);

  expect(blocks.map(stateOf).join(" ")).toBe(
    "unusable held quarantined free free free free free reserved reserved free free free free free unusable",
  );
  expect(blocks[1]?.peer).toBe("web");
});

test("a large range has so many blocks, whose counts are those of its addresses", () => {
  const blocks = blocksOf(capacity("10.0.0.0/16", ["10.0.1.128", "10.0.2.127"]), [allocation("10.0.1.5")]);

  expect(blocks).toHaveLength(MOST_BLOCKS);
  expect(blocks[1]?.counts).toEqual({ held: 1, quarantined: 0, reserved: 128, unusable: 0, free: 127 });
  expect(blocks[2]?.counts.reserved).toBe(128);
  expect(blocks.map(({ counts }) => Object.values(counts).reduce((sum, one) => sum + one, 0))).toEqual(
    Array(MOST_BLOCKS).fill(256),
  );
});

test("an address is its number and back", () => {
  for (const address of ["10.0.0.1", "192.168.255.254", "255.255.255.255"]) {
    expect(addressOf(numberOf(address))).toBe(address);
  }
});
