/** The part of a network's page that shows its join keys; the app puts the peers that wait beside them. */
import { joinKeysSearch } from "./filters";

export const joinKeysRoute = { path: "/join-keys", validateSearch: joinKeysSearch } as const;
