/** A time as people say it; the exact one on hover, and for machines. */
import { Tooltip } from "@mantine/core";
import { useEffect, useSyncExternalStore } from "react";
import { ago, exactly } from "@/lib/time";

const TICK_MS = 15_000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

/** One clock for all: they turn together. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** `isAhead`: it may lie in the future, as an expiry does; else such a time is a clock that is wrong. */
export function When({ at, otherwise, isAhead = false }: { at: string | null; otherwise: string; isAhead?: boolean }) {
  const tick = useSyncExternalStore(subscribe, () => now);
  useEffect(() => {
    now = Math.max(now, Date.now());
  }, []);
  if (!at) return <span>{otherwise}</span>;
  return (
    <Tooltip label={exactly(at)}>
      <time dateTime={at}>{ago(at, isAhead ? tick : Math.max(tick, Date.parse(at)))}</time>
    </Tooltip>
  );
}
