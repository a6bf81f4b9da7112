/** Every change of a network stands in the audit log too: what is shown of it is read again. */
import type { News } from "@/api/feed";
import { AUDIT } from "./api";

export const auditNews: News = {
  touches: () => [AUDIT],
  restMs: 2_000,
  apply(frames, { cache }) {
    if (frames.some((frame) => frame.type === "network_changed")) void cache.invalidateQueries({ queryKey: AUDIT });
  },
};
