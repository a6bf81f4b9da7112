/** Nobody says when a phone falls silent: its handshake is too old then, and the peer is read once. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Peer } from "@/api/shapes";
import { peersKey } from "./api";

const SILENT_AFTER_MS = 180_000; // WireGuard protocol, section 6.1: a session is dead then
const MARGIN_MS = 1_000;

/** When the first of the phones shown online falls silent; undefined: none is online. */
export function firstSilence(peers: readonly Peer[]): number | undefined {
  const times = peers
    .filter((peer) => peer.kind === "static" && peer.status === "online" && peer.last_seen)
    .map((peer) => Date.parse(peer.last_seen ?? "") + SILENT_AFTER_MS);
  return times.length > 0 ? Math.min(...times) : undefined;
}

export function useSilence(networkId: string, peers: readonly Peer[]): void {
  const cache = useQueryClient();
  const at = firstSilence(peers);
  useEffect(() => {
    if (at === undefined) return;
    const wait = Math.max(at - Date.now(), 0) + MARGIN_MS;
    const timer = setTimeout(() => void cache.invalidateQueries({ queryKey: peersKey(networkId) }), wait);
    return () => clearTimeout(timer);
  }, [at, cache, networkId]);
}
