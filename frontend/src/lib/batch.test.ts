import { expect, test, vi } from "vitest";
import { Batch } from "@/lib/batch";

test("a burst is handed on once an interval, in order, and not after the end", () => {
  vi.useFakeTimers();
  const seen: number[][] = [];
  const batch = new Batch<number>(100, (items) => seen.push(items));

  batch.add(1);
  batch.add(2);
  vi.advanceTimersByTime(99);
  expect(seen).toEqual([]);
  vi.advanceTimersByTime(1);
  batch.add(3);
  vi.advanceTimersByTime(100);
  batch.add(4);
  batch.stop();
  vi.advanceTimersByTime(1000);

  expect(seen).toEqual([[1, 2], [3]]);
  vi.useRealTimers();
});
