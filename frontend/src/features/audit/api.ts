/** What is read of the audit log, and under which key it is kept. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { type Api, answered } from "@/api/client";
import { page } from "@/api/pages";
import type { AuditFilter, AuditRecord } from "@/api/shapes";
import { UNPUSHED } from "@/api/unpushed";
import { problemFrom } from "@/lib/problem";

const PAGE = 100;
const EXPORT_PAGE = 1000;
const EMPTY_PAGES = 20; // of those that a filter empties, so many are passed over at once

export const AUDIT = ["audit"] as const;

type AuditPage = { items: AuditRecord[]; next_cursor?: string | null };

/** The newest first; older ones a page at a time. */
export const auditQuery = (api: Api, filter: AuditFilter) =>
  infiniteQueryOptions({
    ...UNPUSHED,
    queryKey: [...AUDIT, filter],
    queryFn: ({ pageParam }) => nextWithRecords(api, filter, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });

/** The API may answer a page without a record that is not the last. */
async function nextWithRecords(api: Api, filter: AuditFilter, start: string | undefined): Promise<AuditPage> {
  let cursor = start;
  for (let round = 1; ; round += 1) {
    const query = { ...filter, ...page(cursor, PAGE) };
    const found: AuditPage = await answered(api.GET("/audit", { params: { query } }));
    if (found.items.length > 0 || !found.next_cursor || round === EMPTY_PAGES) return found;
    cursor = found.next_cursor;
  }
}

/** All that the filter lets through, as JSON lines; `onLines` is told how many there are so far. */
export async function exportedAudit(
  api: Api,
  filter: AuditFilter,
  onLines: (count: number) => void,
): Promise<string[]> {
  const parts: string[] = [];
  let count = 0;
  let cursor: string | undefined;
  do {
    const query = { ...filter, ...page(cursor, EXPORT_PAGE) };
    const { data, error, response } = await api.GET("/audit/export", { params: { query }, parseAs: "text" });
    if (!response.ok) throw problemFrom(response.status, error);
    const text = data ?? "";
    parts.push(text);
    count += text.split("\n").length - 1;
    onLines(count);
    cursor = nextCursor(response.headers.get("Link"));
  } while (cursor);
  return parts;
}

/** The cursor of the page after this one, of a header `Link: <…?cursor=…>; rel="next"` (RFC 8288). */
export function nextCursor(link: string | null): string | undefined {
  const address = /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(link ?? "")?.[1];
  return address ? (new URL(address, window.location.origin).searchParams.get("cursor") ?? undefined) : undefined;
}
