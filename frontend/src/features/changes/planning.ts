/** No frame says that a change was planned for agents who are all away: the log is read once more for it. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Change } from "@/api/shapes";
import { changesKey } from "./api";

const PLANNED_WITHIN_MS = 3_000;
const RECENT_MS = 60_000;

/** The newest revision that was made a moment ago and is not planned yet. */
export function unplanned(changes: readonly Change[], now: number): number | undefined {
  return changes.find((change) => !change.applied && now - Date.parse(change.at) < RECENT_MS)?.revision;
}

export function usePlanning(networkId: string, changes: readonly Change[]): void {
  const cache = useQueryClient();
  const revision = unplanned(changes, Date.now());
  useEffect(() => {
    if (revision === undefined) return;
    const timer = setTimeout(
      () => void cache.invalidateQueries({ queryKey: changesKey(networkId) }),
      PLANNED_WITHIN_MS,
    );
    return () => clearTimeout(timer);
  }, [cache, networkId, revision]);
}
