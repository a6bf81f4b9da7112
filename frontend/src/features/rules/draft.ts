/** Rules as somebody edits them, before they are in force. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Acl, AclRule } from "@/api/shapes";
import { textOf } from "./selectors";

/** Rules that are edited, and the stored version that they began from. */
export type Draft = { version: number; rules: readonly AclRule[] };

const draftKey = (networkId: string) => ["acl-draft", networkId] as const;

/** Kept beside what was read, so that a visit of another page loses nothing. */
export function useDraft(networkId: string): [Draft | undefined, (draft: Draft | undefined) => void] {
  const cache = useQueryClient();
  const { data } = useQuery<Draft | null>({
    queryKey: draftKey(networkId),
    queryFn: () => null,
    enabled: false,
    gcTime: Number.POSITIVE_INFINITY,
  });
  return [data ?? undefined, (draft) => write(cache, networkId, draft)];
}

function write(cache: QueryClient, networkId: string, draft: Draft | undefined): void {
  cache.setQueryData<Draft | null>(draftKey(networkId), draft ?? null);
}

export const begun = (acl: Acl): Draft => ({ version: acl.version, rules: acl.rules });

export function put(rules: readonly AclRule[], at: number, rule: AclRule): AclRule[] {
  return rules.map((known, number) => (number === at ? rule : known));
}

export function inserted(rules: readonly AclRule[], at: number, rule: AclRule): AclRule[] {
  return [...rules.slice(0, at), rule, ...rules.slice(at)];
}

export function without(rules: readonly AclRule[], at: number): AclRule[] {
  return rules.filter((_, number) => number !== at);
}

export function moved(rules: readonly AclRule[], from: number, to: number): AclRule[] {
  const rule = rules[from];
  return rule === undefined ? [...rules] : inserted(without(rules, from), to, rule);
}

/** `number`: from 1, of the list it stands in. */
export type Difference = { kind: "added" | "removed" | "moved"; rule: AclRule; number: number };

/** What is new, what is gone, and the fewest that changed their place; in the order of the new list, then the old. */
export function differences(before: readonly AclRule[], after: readonly AclRule[]): Difference[] {
  const left = new Map<string, number[]>();
  for (const [at, rule] of before.entries()) left.set(textOf(rule), [...(left.get(textOf(rule)) ?? []), at]);
  const origins = after.map((rule) => left.get(textOf(rule))?.shift());
  const inOrder = longestRise(origins);
  const found: Difference[] = [];
  for (const [at, rule] of after.entries()) {
    if (origins[at] === undefined) found.push({ kind: "added", rule, number: at + 1 });
    else if (!inOrder.has(at)) found.push({ kind: "moved", rule, number: at + 1 });
  }
  const gone = [...left.values()].flat().sort((one, other) => one - other);
  for (const at of gone) found.push({ kind: "removed", rule: before[at] as AclRule, number: at + 1 });
  return found;
}

/** Places of a longest rising subsequence of what is defined. */
function longestRise(values: ReadonlyArray<number | undefined>): Set<number> {
  const lengths = values.map(() => 0);
  const previous = values.map(() => -1);
  let end = -1;
  for (const [at, value] of values.entries()) {
    if (value === undefined) continue;
    lengths[at] = 1;
    for (let earlier = 0; earlier < at; earlier += 1) {
      const other = values[earlier];
      if (other === undefined || other >= value || (lengths[earlier] ?? 0) < (lengths[at] ?? 0)) continue;
      lengths[at] = (lengths[earlier] ?? 0) + 1;
      previous[at] = earlier;
    }
    if (end < 0 || (lengths[at] ?? 0) > (lengths[end] ?? 0)) end = at;
  }
  const rise = new Set<number>();
  for (let at = end; at >= 0; at = previous[at] ?? -1) rise.add(at);
  return rise;
}
