/** How many devices people own changes with the peers that come and go. */
import type { News } from "@/api/feed";
import { USERS } from "./api";

const OWNING = new Set<string>(["peer_created", "peer_joined", "peer_deleted", "peer_updated"]);

export const usersNews: News = {
  touches: () => [USERS],
  restMs: 2_000,
  apply(frames, { cache }) {
    const isOwning = frames.some((frame) => frame.type === "network_changed" && OWNING.has(frame.what));
    if (isOwning) void cache.invalidateQueries({ queryKey: USERS });
  },
};
