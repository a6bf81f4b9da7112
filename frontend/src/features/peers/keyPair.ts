/** WireGuard key pairs made in this browser: X25519, base64 (RFC 7748 section 5; wireguard.com/protocol). */
export type KeyPair = { privateKey: string; publicKey: string };

/** Makes a pair; the private key exists in the answer only. */
export async function newKeyPair(): Promise<KeyPair> {
  return keyPairOf(crypto.getRandomValues(new Uint8Array(32)));
}

/** The pair of 32 random bytes, clamped as RFC 7748 says. */
export async function keyPairOf(random: Uint8Array): Promise<KeyPair> {
  const secret = clamped(random);
  const point = (await nativePublicKey(secret)) ?? (await libraryPublicKey(secret));
  return { privateKey: base64(secret), publicKey: base64(point) };
}

function clamped(random: Uint8Array): Uint8Array {
  const secret = Uint8Array.from(random);
  secret[0] = (secret[0] ?? 0) & 248;
  secret[31] = ((secret[31] ?? 0) & 127) | 64;
  return secret;
}

/** By WebCrypto; undefined where it has no X25519. */
async function nativePublicKey(secret: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    const key = await crypto.subtle.importKey("pkcs8", pkcs8(secret), { name: "X25519" }, true, ["deriveBits"]);
    const { x } = await crypto.subtle.exportKey("jwk", key);
    return x ? fromBase64Url(x) : undefined;
  } catch {
    return undefined;
  }
}

async function libraryPublicKey(secret: Uint8Array): Promise<Uint8Array> {
  const { x25519 } = await import("@noble/curves/ed25519.js");
  return x25519.getPublicKey(secret);
}

/** The secret in the envelope of RFC 8410 section 7. */
function pkcs8(secret: Uint8Array): Uint8Array<ArrayBuffer> {
  const prefix = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20];
  return Uint8Array.from([...prefix, ...secret]);
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64Url(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
}
