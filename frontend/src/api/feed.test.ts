import { beforeEach, expect, test, vi } from "vitest";
import { newCache } from "@/api/cache";
import { BURST_MS, Feed, type Frame, type News } from "@/api/feed";
import { api } from "@/test/render";

const KEY = ["things"];
let cache = newCache();
let seen: Frame[][] = [];

beforeEach(() => {
  vi.useFakeTimers();
  cache = newCache();
  seen = [];
  return () => vi.useRealTimers();
});

const reader = (more: Partial<News> = {}): News => ({
  touches: () => [KEY],
  apply: (frames) => seen.push([...frames]),
  ...more,
});

function frame(revision: number): Frame {
  return { type: "network_changed", network_id: "net_1", generation: 1, revision, what: "peer_updated", peer_id: null };
}

test("every reader gets a burst as one, in its order", () => {
  const feed = new Feed(api, cache, [reader(), reader()]);

  for (const revision of [1, 2, 3]) feed.add(frame(revision));
  vi.advanceTimersByTime(BURST_MS);

  expect(seen).toEqual([1, 2].map(() => [frame(1), frame(2), frame(3)]));
});

test("a frame about what is being read waits for the answer, for its reader alone", async () => {
  const feed = new Feed(api, cache, [reader(), reader({ touches: () => [["others"]] })]);
  let answer = (_: unknown) => {};
  const reading = cache.fetchQuery({
    queryKey: KEY,
    queryFn: () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
  });

  feed.add(frame(1));
  vi.advanceTimersByTime(BURST_MS);
  expect(seen).toHaveLength(1);
  answer([]);
  await vi.advanceTimersByTimeAsync(BURST_MS);
  await reading;
  await vi.advanceTimersByTimeAsync(BURST_MS);

  expect(seen).toHaveLength(2);
});

test("what was written a moment ago is left alone for as long as its reader wants", () => {
  const feed = new Feed(api, cache, [reader({ restMs: 1000 })]);
  cache.setQueryData(KEY, []);

  feed.add(frame(1));
  feed.add(frame(2));
  vi.advanceTimersByTime(900);
  expect(seen).toEqual([]);
  vi.advanceTimersByTime(2 * BURST_MS);

  expect(seen).toEqual([[frame(1), frame(2)]]);
});

test("nothing is handed on after the end", () => {
  const feed = new Feed(api, cache, [reader()]);

  feed.add(frame(1));
  feed.stop();
  vi.advanceTimersByTime(1000);

  expect(seen).toEqual([]);
});
