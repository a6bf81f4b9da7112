/** Names of actions, kinds and settings as people read them, and what a record changed. */
import type { AuditRecord } from "@/api/shapes";

/** `peer_created` as `Peer created`. */
export function saidAction(action: string): string {
  const text = action.replaceAll(/[._]/g, " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export type Difference = { name: string; before: string; after: string; isChanged: boolean };

/** Every setting that is there before or after, in the order of their names; those that changed first. */
export function differences({ before, after }: Pick<AuditRecord, "before" | "after">): Difference[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].sort();
  const all = names.map((name) => {
    const [was, is] = [saidValue(before?.[name]), saidValue(after?.[name])];
    return { name: name.replaceAll("_", " "), before: was, after: is, isChanged: was !== is };
  });
  return [...all.filter((one) => one.isChanged), ...all.filter((one) => !one.isChanged)];
}

/** Empty for nothing. */
export function saidValue(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(saidValue).join(", ");
  if (typeof value === "object") return JSON.stringify(value, null, 2);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
}
