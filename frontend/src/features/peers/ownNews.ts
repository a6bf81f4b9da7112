/** A member's own devices, as the socket tells of them. */
import type { News } from "@/api/feed";
import type { Peer } from "@/api/shapes";
import { OWN_PEERS } from "./api";
import { withFacts } from "./facts";

export const ownPeersNews: News = {
  touches: () => [OWN_PEERS],
  restMs: 1_000,
  apply(frames, { cache }) {
    if (!cache.getQueryData(OWN_PEERS)) return;
    const facts = frames.filter((frame) => frame.type === "peer_status").flatMap((frame) => frame.peers);
    cache.setQueryData<Peer[]>(OWN_PEERS, (known) => withFacts(known, facts));
    if (frames.some((frame) => frame.type === "network_changed")) void cache.invalidateQueries({ queryKey: OWN_PEERS });
  },
};
