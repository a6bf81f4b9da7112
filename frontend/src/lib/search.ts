/** Filters as they stand in the address: what does not fit is left out. */
export const KINDS = ["jump", "dynamic", "static"] as const;
export const STATUSES = ["online", "idle", "offline", "pending", "blocked"] as const;

export type NetworksSearch = { q?: string };
export type PeersSearch = { q?: string; kind?: (typeof KINDS)[number]; status?: (typeof STATUSES)[number] };

export function networksSearch(given: Record<string, unknown>): NetworksSearch {
  return typeof given.q === "string" && given.q ? { q: given.q } : {};
}

export function peersSearch(given: Record<string, unknown>): PeersSearch {
  const kind = KINDS.find((known) => known === given.kind);
  const status = STATUSES.find((known) => known === given.status);
  return { ...networksSearch(given), ...(kind ? { kind } : {}), ...(status ? { status } : {}) };
}
