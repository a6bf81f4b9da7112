/**
 * Calls that the published contract does not name yet, as they will be in `src/api/schema.ts` and `rules.ts`: what
 * is generated goes before what stands here.
 */
import type { components } from "@/api/schema";

type Awaited = {
  "/networks/{network_id}/peers/{peer_id}/approve": {
    post: {
      parameters: { path: { network_id: string; peer_id: string } };
      requestBody?: never;
      responses: { 200: { content: { "application/json": components["schemas"]["Peer"] } } };
    };
  };
};

/** The published calls, and of those above what they lack. */
export type Calls<Published> = Published & Omit<Awaited, keyof Published>;

export const AWAITED = {
  "POST /networks/{network_id}/peers/{peer_id}/approve": { roles: ["administrator", "operator"], networks: "one" },
} as const;
