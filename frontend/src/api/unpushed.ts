/** Reads that no frame tells of: made again when a page shows them, and when the window comes back into view. */
export const UNPUSHED = { staleTime: 0, refetchOnWindowFocus: true } as const;
