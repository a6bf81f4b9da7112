/** What of the audit log is wanted, as it stands in the address; the API does the filtering. */
import type { AuditFilter } from "@/api/shapes";
import { type Given, set, words } from "@/lib/filters";

/** `since`, `until`: RFC 3339, UTC. `open`: the record whose details are shown. */
export type AuditSearch = {
  network?: string;
  actor?: string;
  action?: string;
  target?: string;
  since?: string;
  until?: string;
  open?: string;
};

const moment = (given: unknown): string | undefined => {
  const text = words(given);
  return text && !Number.isNaN(Date.parse(text)) ? text : undefined;
};

export const auditSearch = (given: Given): AuditSearch =>
  set({
    network: words(given.network),
    actor: words(given.actor),
    action: words(given.action),
    target: words(given.target),
    since: moment(given.since),
    until: moment(given.until),
    open: words(given.open),
  });

export function filterOf({ network, actor, action, target, since, until }: AuditSearch): AuditFilter {
  return set({ network_id: network, actor, action, target, since, until });
}

/** As a field of date and time takes it: in this browser's time zone, to the minute. */
export function toLocal(moment: string | undefined): string {
  if (!moment) return "";
  const at = new Date(moment);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** What such a field says, as the API takes it. */
export function fromLocal(text: string): string | undefined {
  const at = new Date(text);
  return text && !Number.isNaN(at.getTime()) ? `${at.toISOString().slice(0, 16)}:00Z` : undefined;
}
