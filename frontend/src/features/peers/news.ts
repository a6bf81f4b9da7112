/** Peers that come, change, go, and are seen, as the socket tells. Only lists that were read are patched. */
import type { QueryClient } from "@tanstack/react-query";
import type { Api } from "@/api/client";
import { type News, unlessGone } from "@/api/feed";
import type { NetworkChanged, Peer, PresenceChanged } from "@/api/shapes";
import { removed, upserted } from "@/lib/items";
import { peersKey, readPeer } from "./api";
import { withFacts } from "./facts";

const SINGLE_READS = 5; // beyond, one read of the list is cheaper

export const peersNews: News = {
  touches: (frame) => [peersKey(frame.network_id)],
  apply(frames, { api, cache }) {
    for (const networkId of new Set(frames.map((frame) => frame.network_id))) {
      const own = frames.filter((frame) => frame.network_id === networkId);
      applyFacts(
        cache,
        networkId,
        own.filter((frame) => frame.type === "peer_status"),
      );
      applyChanges(
        api,
        cache,
        networkId,
        own.filter((frame) => frame.type === "network_changed"),
      );
    }
  },
};

function applyFacts(cache: QueryClient, networkId: string, frames: readonly PresenceChanged[]): void {
  const facts = frames.flatMap((frame) => frame.peers);
  cache.setQueryData<Peer[]>(peersKey(networkId), (known) => withFacts(known, facts));
}

function applyChanges(api: Api, cache: QueryClient, networkId: string, changes: readonly NetworkChanged[]): void {
  const key = peersKey(networkId);
  if (!cache.getQueryData<Peer[]>(key)) return;
  const last = new Map(changes.flatMap((change) => (change.peer_id ? [[change.peer_id, change.what] as const] : [])));
  const changed = [...last].filter(([, what]) => what !== "peer_deleted").map(([id]) => id);
  for (const [id, what] of last) {
    if (what === "peer_deleted") cache.setQueryData<Peer[]>(key, (known) => removed(known, id));
  }
  if (changed.length > SINGLE_READS || changes.some(concernsMany)) void cache.invalidateQueries({ queryKey: key });
  else for (const id of changed) void readOne(api, cache, networkId, id);
}

async function readOne(api: Api, cache: QueryClient, networkId: string, id: string): Promise<void> {
  const peer = await unlessGone(readPeer(api, networkId, id));
  if (!peer) return;
  cache.setQueryData<Peer[]>(peersKey(networkId), (known) => {
    const before = known?.find((other) => other.id === id);
    return upserted(known, before ? withLatestSeen(peer, before) : peer);
  });
}

/** Several peers at once, or a range that moves the addresses of all. */
function concernsMany(change: NetworkChanged): boolean {
  return change.what === "network_updated" || (change.what.startsWith("peer_") && change.peer_id === null);
}

/** A fact that came while a peer was read is newer than the answer. */
function withLatestSeen(read: Peer, known: Peer): Peer {
  const isNewer = known.last_seen && (!read.last_seen || known.last_seen > read.last_seen);
  return isNewer ? { ...read, last_seen: known.last_seen, status: known.status } : read;
}
