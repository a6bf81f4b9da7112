/** A peer that joined has used a key. */
import type { News } from "@/api/feed";
import { joinKeysKey } from "./api";

export const joinKeysNews: News = {
  touches: (frame) => [joinKeysKey(frame.network_id)],
  restMs: 1_000,
  apply(frames, { cache }) {
    const joined = frames.filter((frame) => frame.type === "network_changed" && frame.what === "peer_joined");
    for (const networkId of new Set(joined.map((frame) => frame.network_id))) {
      void cache.invalidateQueries({ queryKey: joinKeysKey(networkId) });
    }
  },
};
