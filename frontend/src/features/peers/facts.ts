/** What became true of peers, put upon what is known of them. */
import type { Peer, PeerStatus, PresenceChanged } from "@/api/shapes";

type Fact = PresenceChanged["peers"][number];

const LASTING = new Set<PeerStatus>(["blocked", "pending_approval"]); // no fact of presence ends them

/** In the order they came; the same list when they are about none of its peers. */
export function withFacts(known: Peer[] | undefined, facts: readonly Fact[]): Peer[] | undefined {
  const latest = new Map(facts.map((fact) => [fact.peer_id, fact]));
  return known?.some((peer) => latest.has(peer.id)) ? known.map((peer) => withFact(peer, latest.get(peer.id))) : known;
}

function withFact(peer: Peer, fact: Fact | undefined): Peer {
  if (!fact) return peer;
  const seen = peer.last_seen && peer.last_seen > fact.at ? peer.last_seen : fact.at;
  return { ...peer, last_seen: seen, ...(fact.status && !LASTING.has(peer.status) ? { status: fact.status } : {}) };
}
