/** Rules that somebody put in force. */
import type { News } from "@/api/feed";
import { aclKey } from "./api";

export const rulesNews: News = {
  touches: (frame) => [aclKey(frame.network_id)],
  apply(frames, { cache }) {
    const replaced = frames.filter((frame) => frame.type === "network_changed" && frame.what === "acl_replaced");
    for (const networkId of new Set(replaced.map((frame) => frame.network_id))) {
      void cache.invalidateQueries({ queryKey: aclKey(networkId) });
    }
  },
};
