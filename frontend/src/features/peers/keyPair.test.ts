import { expect, test, vi } from "vitest";
import { keyPairOf, newKeyPair } from "./keyPair";

/** Bob of RFC 7748 section 6.1. */
const SECRET = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
const CLAMPED = "58ab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e06b";
const PUBLIC = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
const base64 = (hex: string) => btoa(String.fromCharCode(...bytes(hex)));

test("the pair is the RFC's, with WebCrypto", async () => {
  expect(await keyPairOf(bytes(SECRET))).toEqual({ privateKey: base64(CLAMPED), publicKey: base64(PUBLIC) });
});

test("the pair is the same where WebCrypto has no X25519", async () => {
  vi.spyOn(crypto.subtle, "importKey").mockRejectedValue(new DOMException("no such algorithm", "NotSupportedError"));

  expect(await keyPairOf(bytes(SECRET))).toEqual({ privateKey: base64(CLAMPED), publicKey: base64(PUBLIC) });
});

test("each pair is made of fresh random bytes", async () => {
  const [first, second] = [await newKeyPair(), await newKeyPair()];

  expect(first.privateKey).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  expect(first.privateKey).not.toBe(second.privateKey);
});
