/** Peers that come and go, ranges that are reserved, and networks that grow or move. */
import type { News } from "@/api/feed";
import { addressesKey } from "./api";

export const addressesNews: News = {
  touches: (frame) => [addressesKey(frame.network_id)],
  restMs: 1_000,
  apply(frames, { cache }) {
    const changes = frames.filter((frame) => frame.type === "network_changed");
    for (const networkId of new Set(changes.map((change) => change.network_id))) {
      void cache.invalidateQueries({ queryKey: addressesKey(networkId) });
    }
  },
};
