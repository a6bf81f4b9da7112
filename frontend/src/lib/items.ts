/** Lists of things with ids, in the order of their ids. */
type Item = { id: string };

/** With this one in its place; an older revision never replaces a newer one. */
export function upserted<T extends Item & { revision: number }>(known: T[] | undefined, item: T): T[] | undefined {
  if (!known) return undefined;
  const at = known.findIndex((other) => other.id === item.id);
  const before = known[at];
  if (!before) return [...known, item].sort((a, b) => (a.id < b.id ? -1 : 1));
  return before.revision > item.revision ? known : known.with(at, item);
}

export function removed<T extends Item>(known: T[] | undefined, id: string): T[] | undefined {
  return known?.some((item) => item.id === id) ? known.filter((item) => item.id !== id) : known;
}
