/** Networks that come, change and go, as the socket tells. */
import type { QueryClient } from "@tanstack/react-query";
import type { Api } from "@/api/client";
import { type News, unlessGone } from "@/api/feed";
import { NETWORKS } from "@/api/networks";
import type { Network } from "@/api/shapes";
import { upserted } from "@/lib/items";
import { readNetwork } from "./api";

export const networksNews: News = {
  touches: (frame) => (frame.type === "network_changed" ? [NETWORKS] : []),
  apply(frames, { api, cache }) {
    const known = cache.getQueryData<Network[]>(NETWORKS);
    if (!known) return;
    const changes = frames.filter((frame) => frame.type === "network_changed");
    const revisions = new Map(changes.map((change) => [change.network_id, change.revision]));
    const gone = new Set(changes.filter((one) => one.what === "network_deleted").map((one) => one.network_id));
    const updated = new Set(changes.filter((one) => one.what === "network_updated").map((one) => one.network_id));
    const next = known
      .filter((network) => !gone.has(network.id))
      .map((network) => {
        const revision = revisions.get(network.id) ?? 0;
        return revision > network.revision ? { ...network, revision } : network;
      });
    cache.setQueryData<Network[]>(NETWORKS, next);
    for (const id of revisions.keys()) {
      const isNew = !known.some((network) => network.id === id);
      if (!gone.has(id) && (isNew || updated.has(id))) void readOne(api, cache, id);
    }
  },
};

async function readOne(api: Api, cache: QueryClient, id: string): Promise<void> {
  const network = await unlessGone(readNetwork(api, id));
  if (network) cache.setQueryData<Network[]>(NETWORKS, (known) => upserted(known, network));
}
