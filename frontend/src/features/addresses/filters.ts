/** By what a network's addresses are filtered and sorted. */
export const STATES = ["held", "quarantined"] as const;
export const COLUMNS = ["address", "peer", "state", "free"] as const;
