/** A static peer's complete file, put together in this browser: the server never sees the private key. */
const SECTION = "[Interface]\n";
const LISTS = /^(Address|DNS|AllowedIPs) = (.+)$/;
const IPV4 = /^[\d./]+$/;
const MAX_TUNNEL_NAME = 15; // the apps' limit: IFNAMSIZ of Linux, less its end
const DEVICE = /^(con|prn|aux|nul|com[1-9]|lpt[1-9])(\.|$)/; // names that Windows keeps for devices

/** The server's profile, which has no PrivateKey line, with the key where wg-quick looks for it. */
export function completed(profile: string, privateKey: string): string {
  if (!profile.startsWith(SECTION) || profile.includes("PrivateKey")) {
    throw new Error("This is not a profile without a private key.");
  }
  return `${SECTION}PrivateKey = ${privateKey}\n${profile.slice(SECTION.length)}`;
}

/**
 * The profile for a device without IPv6, on which a file that names it cannot be set: as the API's `?ipv6=off`
 * answers it. A DNS line that is left without an address is none.
 */
export function withoutIpv6(profile: string): string {
  return profile
    .split("\n")
    .flatMap((line) => {
      const [, key, list] = LISTS.exec(line) ?? [];
      if (!key || !list) return [line];
      const kept = list.split(", ").filter((item) => !item.includes(":"));
      return kept.some((item) => IPV4.test(item)) ? [`${key} = ${kept.join(", ")}`] : [];
    })
    .join("\n");
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
