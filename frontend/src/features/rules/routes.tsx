/** The part of a network's page that shows and edits its rules; the app brings the peers that they are about. */
export const rulesRoute = { path: "/rules" } as const;
