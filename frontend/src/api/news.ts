/** Frames of the socket as patches of the cache: at most one write a BURST_MS, and only of what is shown. */
import type { QueryClient } from "@tanstack/react-query";
import type { Api } from "@/api/client";
import { keys, readNetwork, readPeer } from "@/api/queries";
import type { Network, NetworkChanged, Peer, PresenceChanged } from "@/api/shapes";
import { Batch } from "@/lib/batch";
import { removed, upserted } from "@/lib/items";
import { Problem } from "@/lib/problem";

export const BURST_MS = 100;
const SINGLE_READS = 5; // beyond, one read of the list is cheaper

export class News {
  private readonly batch: Batch<NetworkChanged | PresenceChanged>;

  constructor(
    private readonly api: Api,
    private readonly cache: QueryClient,
  ) {
    this.batch = new Batch(BURST_MS, (frames) => this.apply(frames));
  }

  add(frame: NetworkChanged | PresenceChanged): void {
    this.batch.add(frame);
  }

  stop(): void {
    this.batch.stop();
  }

  private apply(all: ReadonlyArray<NetworkChanged | PresenceChanged>): void {
    const [frames, early] = this.ripe(all);
    for (const frame of early) this.batch.add(frame);
    const changes = frames.filter((frame) => frame.type === "network_changed");
    this.applyStatus(frames.filter((frame) => frame.type === "peer_status"));
    this.applyNetworks(changes);
    for (const networkId of new Set(changes.map((change) => change.network_id))) {
      this.applyPeers(
        networkId,
        changes.filter((change) => change.network_id === networkId),
      );
    }
  }

  /** News of what is being read right now waits: the answer may be older than they are. */
  private ripe(frames: ReadonlyArray<NetworkChanged | PresenceChanged>) {
    const isBeingRead = (queryKey: readonly string[]) => this.cache.isFetching({ queryKey, exact: true }) > 0;
    const early = frames.filter((frame) => isBeingRead(keys.networks) || isBeingRead(keys.peers(frame.network_id)));
    return [frames.filter((frame) => !early.includes(frame)), early] as const;
  }

  private applyStatus(frames: ReadonlyArray<PresenceChanged>): void {
    for (const networkId of new Set(frames.map((frame) => frame.network_id))) {
      const facts = frames.filter((frame) => frame.network_id === networkId).flatMap((frame) => frame.peers);
      const latest = new Map(facts.map((fact) => [fact.peer_id, fact]));
      this.cache.setQueryData<Peer[]>(keys.peers(networkId), (known) =>
        known?.some((peer) => latest.has(peer.id)) ? known.map((peer) => withFact(peer, latest.get(peer.id))) : known,
      );
    }
  }

  private applyNetworks(changes: readonly NetworkChanged[]): void {
    const known = this.cache.getQueryData<Network[]>(keys.networks);
    if (!known) return;
    const revisions = new Map(changes.map((change) => [change.network_id, change.revision]));
    const gone = new Set(changes.filter((one) => one.what === "network_deleted").map((one) => one.network_id));
    const next = known
      .filter((network) => !gone.has(network.id))
      .map((network) => {
        const revision = revisions.get(network.id) ?? 0;
        return revision > network.revision ? { ...network, revision } : network;
      });
    this.cache.setQueryData<Network[]>(keys.networks, next);
    const updated = new Set(changes.filter((one) => one.what === "network_updated").map((one) => one.network_id));
    for (const id of revisions.keys()) {
      const isNew = !known.some((network) => network.id === id);
      if (!gone.has(id) && (isNew || updated.has(id))) void this.addNetwork(id);
    }
  }

  private applyPeers(networkId: string, changes: readonly NetworkChanged[]): void {
    const key = keys.peers(networkId);
    if (!this.cache.getQueryData<Peer[]>(key)) return;
    const last = new Map(changes.flatMap((change) => (change.peer_id ? [[change.peer_id, change.what] as const] : [])));
    const moved = [...last].filter(([, what]) => what !== "peer_deleted").map(([id]) => id);
    for (const [id, what] of last) {
      if (what === "peer_deleted") this.cache.setQueryData<Peer[]>(key, (known) => removed(known, id));
    }
    if (moved.length > SINGLE_READS || changes.some(concernsMany)) void this.cache.invalidateQueries({ queryKey: key });
    else for (const id of moved) void this.addPeer(networkId, id);
  }

  private async addNetwork(id: string): Promise<void> {
    const network = await unlessGone(readNetwork(this.api, id));
    if (network) this.cache.setQueryData<Network[]>(keys.networks, (known) => upserted(known, network));
  }

  private async addPeer(networkId: string, id: string): Promise<void> {
    const peer = await unlessGone(readPeer(this.api, networkId, id));
    if (!peer) return;
    this.cache.setQueryData<Peer[]>(keys.peers(networkId), (known) => {
      const before = known?.find((other) => other.id === id);
      return upserted(known, before ? withLatestSeen(peer, before) : peer);
    });
  }
}

/** Several peers at once, or a range that moves the addresses of all. */
function concernsMany(change: NetworkChanged): boolean {
  return change.what === "network_updated" || (change.what.startsWith("peer_") && change.peer_id === null);
}

function withFact(peer: Peer, fact: PresenceChanged["peers"][number] | undefined): Peer {
  if (!fact) return peer;
  const seen = peer.last_seen && peer.last_seen > fact.at ? peer.last_seen : fact.at;
  return { ...peer, last_seen: seen, ...(fact.status && peer.status !== "blocked" ? { status: fact.status } : {}) };
}

/** A fact that came while a peer was read is newer than the answer. */
function withLatestSeen(read: Peer, known: Peer): Peer {
  const isNewer = known.last_seen && (!read.last_seen || known.last_seen > read.last_seen);
  return isNewer ? { ...read, last_seen: known.last_seen, status: known.status } : read;
}

/** News of something that is gone by now, or of a connection that will be made anew, are none. */
async function unlessGone<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}
