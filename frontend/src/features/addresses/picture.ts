/** A range as blocks of equal size, each with how many of its addresses are in which state. */
import type { Allocation, Capacity } from "@/api/shapes";

export const MOST_BLOCKS = 256;

export type State = "held" | "quarantined" | "reserved" | "unusable" | "free";
export type Counts = Record<State, number>;
/** `peer`: who holds it, in a block of one address. */
export type Block = { first: number; size: number; counts: Counts; peer: string | null };

export function numberOf(address: string): number {
  return address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

export function addressOf(number: number): string {
  return [24, 16, 8, 0].map((bits) => Math.floor(number / 2 ** bits) % 256).join(".");
}

/** What most of a block is, what is in use before what is free. */
export function stateOf({ counts }: Block): State {
  const order = ["held", "quarantined", "reserved", "unusable"] as const;
  const used = order.filter((state) => counts[state] > 0);
  return used.reduce<State>((most, state) => (most === "free" || counts[state] > counts[most] ? state : most), "free");
}

export function blocksOf(capacity: Capacity, allocations: readonly Allocation[]): Block[] {
  const [base = "", prefix = "32"] = capacity.cidr.split("/");
  const start = numberOf(base);
  const total = 2 ** (32 - Number(prefix));
  const size = Math.max(1, total / MOST_BLOCKS);
  const blocks = Array.from({ length: total / size }, (_, at) => ({
    first: start + at * size,
    size,
    counts: { held: 0, quarantined: 0, reserved: 0, unusable: 0, free: size },
    peer: null as string | null,
  }));
  const take = (state: State, from: number, to: number) => {
    for (let at = Math.max(0, Math.floor((from - start) / size)); at < blocks.length; at += 1) {
      const block = blocks[at];
      if (!block || block.first > to) break;
      const taken = Math.min(to, block.first + size - 1) - Math.max(from, block.first) + 1;
      block.counts[state] += taken;
      block.counts.free -= taken;
    }
  };
  for (const { address, state, peer_name } of allocations) {
    const number = numberOf(address);
    take(state, number, number);
    const block = blocks[Math.floor((number - start) / size)];
    if (block && size === 1) block.peer = peer_name;
  }
  for (const { first, last } of capacity.reservations) take("reserved", numberOf(first), numberOf(last));
  if (total > 2) {
    take("unusable", start, start);
    take("unusable", start + total - 1, start + total - 1);
  }
  return blocks;
}
