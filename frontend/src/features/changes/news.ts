/** A network's log is read again when it grew, and when agents told that they applied what stands in it. */
import type { News } from "@/api/feed";
import { changesKey } from "./api";

const APPLIED = new Set(["applied", "late"]);

export const changesNews: News = {
  touches: (frame) => [changesKey(frame.network_id)],
  restMs: 1_000,
  apply(frames, { cache }) {
    const touching = frames.filter(
      (frame) => frame.type === "network_changed" || frame.peers.some((peer) => APPLIED.has(peer.fact)),
    );
    for (const networkId of new Set(touching.map((frame) => frame.network_id))) {
      void cache.invalidateQueries({ queryKey: changesKey(networkId) });
    }
  },
};
