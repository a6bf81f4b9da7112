import { expect, test } from "vitest";
import { completed, fileName } from "@/lib/profile";

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
