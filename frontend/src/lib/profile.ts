/** A static peer's complete file, put together in this browser: the server never sees the private key. */
const SECTION = "[Interface]\n";
const MAX_TUNNEL_NAME = 15; // the apps' limit: IFNAMSIZ of Linux, less its end
const DEVICE = /^(con|prn|aux|nul|com[1-9]|lpt[1-9])(\.|$)/; // names that Windows keeps for devices

/** The server's profile, which has no PrivateKey line, with the key where wg-quick looks for it. */
export function completed(profile: string, privateKey: string): string {
  if (!profile.startsWith(SECTION) || profile.includes("PrivateKey")) {
    throw new Error("This is not a profile without a private key.");
  }
  return `${SECTION}PrivateKey = ${privateKey}\n${profile.slice(SECTION.length)}`;
}

/** A file name whose stem every official client takes as a tunnel name. */
export function fileName(peerName: string): string {
  const plain = peerName
    .toLowerCase()
    .replaceAll(/[^a-z0-9_=+.-]+/g, "-")
    .replaceAll(/^[-.]+|[-.]+$/g, "")
    .replace(DEVICE, "wg-$1$2");
  const stem = plain.slice(0, MAX_TUNNEL_NAME).replaceAll(/[-.]+$/g, "");
  return `${stem || "wirety"}.conf`;
}
