/** How a network's peers are filtered and sorted, as it stands in the address. */
import type { Peer } from "@/api/shapes";
import { type Given, oneOf, set, sorting, words } from "@/lib/filters";

export const KINDS = ["jump", "dynamic", "static"] as const;
export const STATUSES = ["online", "idle", "offline", "pending", "pending_approval", "blocked"] as const;
export const COLUMNS = ["name", "status", "kind", "address", "endpoint", "seen"] as const;

export type PeersSearch = { q?: string; kind?: string; status?: string; sort?: string };

export const peersSearch = (given: Given): PeersSearch =>
  set({
    q: words(given.q),
    kind: oneOf(given.kind, KINDS),
    status: oneOf(given.status, STATUSES),
    sort: sorting(given.sort, COLUMNS),
  });

export function passes(peer: Peer, { q = "", kind, status }: PeersSearch): boolean {
  return (
    (!kind || peer.kind === kind) &&
    (!status || peer.status === status) &&
    `${peer.name} ${peer.address} ${peer.address_v6 ?? ""} ${peer.endpoint ?? ""}`
      .toLowerCase()
      .includes(q.toLowerCase())
  );
}
