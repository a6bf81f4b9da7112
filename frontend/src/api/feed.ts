/** Hands frames of the socket to the features that know which part of the cache they touch. */
import type { QueryClient } from "@tanstack/react-query";
import type { Api } from "@/api/client";
import type { NetworkChanged, PresenceChanged } from "@/api/shapes";
import { Batch } from "@/lib/batch";
import { Problem } from "@/lib/problem";

export const BURST_MS = 100;

export type Frame = NetworkChanged | PresenceChanged;

/** What one feature does with frames. */
export type News = {
  /** The reads that a frame is about. While one of them is under way the frame waits: the answer may be older. */
  touches: (frame: Frame) => ReadonlyArray<readonly string[]>;
  /** Patches the cache by all frames of a burst, in the order they came. */
  apply: (frames: readonly Frame[], to: { api: Api; cache: QueryClient }) => void;
  /** Milliseconds that those reads are left alone after they were written, for news that mean reading again. */
  restMs?: number;
};

type Waiting = { news: News; frame: Frame };

/** Each feature is called at most once in BURST_MS. */
export class Feed {
  private readonly batch: Batch<Waiting>;

  constructor(
    private readonly api: Api,
    private readonly cache: QueryClient,
    private readonly readers: readonly News[],
  ) {
    this.batch = new Batch(BURST_MS, (waiting) => this.handOn(waiting));
  }

  add(frame: Frame): void {
    for (const news of this.readers) this.batch.add({ news, frame });
  }

  stop(): void {
    this.batch.stop();
  }

  private handOn(waiting: readonly Waiting[]): void {
    const early = new Set(waiting.filter((one) => this.isEarly(one)));
    for (const one of early) this.batch.add(one);
    for (const news of this.readers) {
      const frames = waiting.filter((one) => one.news === news && !early.has(one)).map((one) => one.frame);
      if (frames.length > 0) news.apply(frames, { api: this.api, cache: this.cache });
    }
  }

  private isEarly({ news, frame }: Waiting): boolean {
    return news.touches(frame).some((queryKey) => {
      if (this.cache.isFetching({ queryKey, exact: true }) > 0) return true;
      const writtenAt = this.cache.getQueryState(queryKey)?.dataUpdatedAt ?? 0;
      return Date.now() - writtenAt < (news.restMs ?? 0);
    });
  }
}

/** News of something that is gone by now, or of a connection that will be made anew, are none. */
export async function unlessGone<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}
