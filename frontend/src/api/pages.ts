/** Lists that the API answers in pages. */
const PAGE = 200;

export const page = (cursor: string | undefined, limit = PAGE) => ({ limit, ...(cursor ? { cursor } : {}) });

/** A list to its last page, one request after the other. */
export async function everyPage<Item>(
  read: (cursor: string | undefined) => Promise<{ items: Item[]; next_cursor?: string | null }>,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const found = await read(cursor);
    items.push(...found.items);
    cursor = found.next_cursor ?? undefined;
  } while (cursor);
  return items;
}
