import { beforeEach, expect, test } from "vitest";
import { countRound, forgetRounds, Session, SignInLoop } from "@/api/session";

beforeEach(() => sessionStorage.clear());

test("the fourth round within a minute is a loop, and the next try starts afresh", () => {
  for (const at of [0, 10_000, 20_000]) countRound(1_000_000 + at);

  expect(() => countRound(1_000_000 + 30_000)).toThrow(SignInLoop);
  expect(() => countRound(1_000_000 + 31_000)).not.toThrow();
});

test("rounds over more than a minute are none", () => {
  for (let n = 0; n < 10; n++) expect(() => countRound(1_000_000 + n * 25_000)).not.toThrow();
});

test("a session that the API took ends the count", () => {
  for (const at of [0, 1, 2]) countRound(1_000_000 + at);

  forgetRounds();

  expect(() => countRound(1_000_003)).not.toThrow();
});

test("a sign-in asks for the scope that the deployment names", () => {
  const config = { api: "", sockets: "", discovery_url: "", client_id: "console", audience: "" };

  const session = new Session({ ...config, issuer: "https://idp.example.com", scope: "openid groups" });

  expect(session["manager"].settings.scope).toBe("openid groups");
});
