import { expect, test } from "vitest";
import { completed, fileName, withoutIpv6 } from "./profile";

test("the key stands right after [Interface], and nothing else changes", () => {
  const profile = "[Interface]\nAddress = 10.0.0.2/32\n\n[Peer]\nPublicKey = abc=\n";

  expect(completed(profile, "secret=")).toBe(
    "[Interface]\nPrivateKey = secret=\nAddress = 10.0.0.2/32\n\n[Peer]\nPublicKey = abc=\n",
  );
});

test.each(["", "[Peer]\n", "[Interface]\nPrivateKey = other=\n"])(
  "what is no profile without a key is refused: %j",
  (text) => {
    expect(() => completed(text, "secret=")).toThrow();
  },
);

test.each([
  ["Address = 10.0.0.2/24, fd00::2/64", ["Address = 10.0.0.2/24"]],
  ["AllowedIPs = 0.0.0.0/0, ::/0", ["AllowedIPs = 0.0.0.0/0"]],
  ["AllowedIPs = fd00::/64", []],
  ["DNS = fd00::1, 10.0.0.1, lab.internal", ["DNS = 10.0.0.1, lab.internal"]],
  ["DNS = fd00::1, lab.internal", []],
  ["Endpoint = [2001:db8::1]:51820", ["Endpoint = [2001:db8::1]:51820"]],
])("without IPv6, %j is %j", (line, left) => {
  expect(withoutIpv6(`[Interface]\n${line}\n`)).toBe(["[Interface]", ...left, ""].join("\n"));
});

test.each([
  ["phone", "phone.conf"],
  ["Ana's phone", "ana-s-phone.conf"],
  ["a name of more than fifteen", "a-name-of-more.conf"],
  ["../../etc/passwd", "etc-passwd.conf"],
  ["日本", "wirety.conf"],
  ["---", "wirety.conf"],
  ["con", "wg-con.conf"],
  ["AUX.old", "wg-aux.old.conf"],
  ["lpt9", "wg-lpt9.conf"],
  ["console", "console.conf"],
  ["com10", "com10.conf"],
])("%j is saved as %s, which every app takes as a tunnel's name", (name, file) => {
  expect(fileName(name)).toBe(file);
  expect(file).toMatch(/^[a-zA-Z0-9_=+.-]{1,15}\.conf$/);
});
