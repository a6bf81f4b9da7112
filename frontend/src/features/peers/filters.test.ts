import { expect, test } from "vitest";
import { aPeer } from "@/test/values";
import { passes, peersSearch } from "./filters";

test("what does not fit is left out of the address", () => {
  expect(peersSearch({ q: "", kind: "server", status: "online", x: 1 })).toEqual({ status: "online" });
  expect(peersSearch({ q: "web", kind: "jump", sort: "-seen" })).toEqual({ q: "web", kind: "jump", sort: "-seen" });
  expect(peersSearch({ sort: "password" })).toEqual({});
});

test("filters narrow by words, kind and status together", () => {
  const hub = aPeer({ id: "jmp_1", kind: "jump", name: "hub" });
  const peers = [aPeer({ id: "1", name: "web", status: "online" }), aPeer({ id: "2", name: "web-2" }), hub];
  const ids = (search: Parameters<typeof passes>[1]) =>
    peers.filter((peer) => passes(peer, search)).map((peer) => peer.id);

  expect(ids({ q: "WEB" })).toEqual(["1", "2"]);
  expect(ids({ q: "web", status: "online" })).toEqual(["1"]);
  expect(ids({ kind: "jump" })).toEqual(["jmp_1"]);
  expect(ids({ q: "10.20" })).toHaveLength(3);
});
