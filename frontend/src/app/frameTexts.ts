/** Texts of the frame: signing in, navigation, trouble. */
export const texts = {
  app: {
    name: "Wirety",
    skip: "Skip to the content",
    networks: "Networks",
    menu: "Account of {{name}}",
    signOut: "Sign out",
    theme: "Switch to {{scheme}} colours",
    notFound: "There is nothing here",
    notFoundText: "The address is not one of the console's.",
    broken: "This page broke",
    brokenText: "It is our fault. Load it again; your networks run on without the console.",
    reload: "Load again",
  },
  network: {
    parts: "Parts of {{name}}",
  },
  role: {
    administrator: "Administrator",
    operator: "Operator",
    member: "Member",
    auditor: "Auditor",
  },
  live: {
    connecting: "Connecting",
    connected: "Live",
    lost: "Reconnecting",
    lostText: "The live connection is lost. What you see may be old; it is made anew by itself.",
    back: "The live connection is back.",
  },
  start: {
    starting: "Signing in",
    signedOut: "You are signed out",
    signedOutText: "Your networks run on. Sign in again whenever you like.",
    signIn: "Sign in",
    retry: "Try again",
    loop: "Signing in does not come to an end",
    loopText:
      "You came back from the identity provider several times without a session that the API accepts. Check the clock of this computer, and that the console's client in the provider is the one that the deployment names.",
    notInvited: "You have no role here yet",
    noIssuer: "Nobody can sign in here",
    noIssuerText: "This deployment names no identity provider. Deploy it with one, or use an API token.",
    refused: "The identity provider refused",
    unreachable: "The console cannot start",
    unreachableText: "The API or the identity provider cannot be reached. Check the connection and try again.",
  },
} as const;
