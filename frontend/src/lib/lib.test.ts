import { expect, test, vi } from "vitest";
import { Batch } from "@/lib/batch";
import { suggestedCidr, suggestedName } from "@/lib/cidr";
import { enrollCommand, INSTALL_COMMAND } from "@/lib/commands";
import { listed, spread } from "@/lib/fields";
import { removed, upserted } from "@/lib/items";
import { Problem, problemFrom } from "@/lib/problem";
import { networksSearch, peersSearch } from "@/lib/search";
import { ago } from "@/lib/time";
import { aPeer } from "@/test/values";

test("the first network offered is free, and has a name of its own", () => {
  expect(suggestedCidr([])).toBe("10.20.0.0/24");
  expect(suggestedCidr(["10.20.0.0/24", "10.21.4.0/22", "192.168.0.0/24"])).toBe("10.22.0.0/24");
  expect(suggestedName([])).toBe("home");
  expect(suggestedName(["home", "network-2"])).toBe("network-3");
});

test("an older reading never replaces a newer one, and what is new takes its place by id", () => {
  const known = [aPeer({ id: "dyn_1", revision: 5 }), aPeer({ id: "dyn_3" })];

  expect(upserted(known, aPeer({ id: "dyn_1", revision: 4, name: "old" }))).toBe(known);
  expect(upserted(known, aPeer({ id: "dyn_2" }))?.map((peer) => peer.id)).toEqual(["dyn_1", "dyn_2", "dyn_3"]);
  expect(upserted(undefined, aPeer())).toBeUndefined();
  expect(removed(known, "dyn_9")).toBe(known);
  expect(removed(known, "dyn_1")).toHaveLength(1);
});

test("filters that do not fit are left out of the address", () => {
  expect(peersSearch({ q: "", kind: "server", status: "online", x: 1 })).toEqual({ status: "online" });
  expect(peersSearch({ q: "web", kind: "jump" })).toEqual({ q: "web", kind: "jump" });
  expect(networksSearch({ q: 7 })).toEqual({});
});

test("a refusal's words stand on the fields they are about, the rest on the form", () => {
  const placed: Array<[string, string | undefined]> = [];
  const place = (field: string, error: { message?: string }) => placed.push([field, error.message]);
  const errors = [
    { field: "cidr", message: "host bits" },
    { field: "dns[1]", message: "no address" },
    { field: "allow_public", message: "no such field" },
  ];

  const left = spread(
    new Problem({ status: 422, code: "invalid", detail: "…", errors }),
    ["name", "cidr", "dns"],
    place as never,
  );

  expect(placed).toEqual([
    ["cidr", "host bits"],
    ["dns", "no address"],
  ]);
  expect(left).toBe("no such field");
});

test("a conflict's words stand on the field its code is about", () => {
  const place = vi.fn();

  const left = spread(new Problem({ status: 409, code: "network_overlap", detail: "overlaps home" }), ["cidr"], place);

  expect(place).toHaveBeenCalledWith("cidr", { type: "server", message: "overlaps home" }, { shouldFocus: true });
  expect(left).toBeUndefined();
});

test("an answer that is no problem+json still says something", () => {
  expect(problemFrom(502, "<html>").message).toContain("502");
  expect(problemFrom(0, undefined).code).toBe("unreachable");
});

test("lists are written with commas", () => {
  expect(listed(" 9.9.9.9, ,1.1.1.1 ")).toEqual(["9.9.9.9", "1.1.1.1"]);
  expect(listed("")).toEqual([]);
});

test("the command hands the token to standard input, and says when it goes out in clear", () => {
  const at = (url: string) => enrollCommand(new URL(url) as unknown as Location, "T.O.KEN");

  expect(at("https://vpn.example.com")).toBe(
    " echo T.O.KEN | sudo wirety-agent enroll --server https://vpn.example.com --token - && sudo systemctl enable --now wirety-agent wirety-agent-seal",
  );
  expect(at("http://127.0.0.1:8080")).not.toContain("--insecure");
  expect(at("http://10.0.0.1:8080")).toContain("--insecure");
});

test("both units are installed, and networkd is told to leave the agent's rules and routes alone", () => {
  for (const file of ["wirety-agent.service", "wirety-agent-seal.service", "networkd.conf"]) {
    expect(INSTALL_COMMAND).toContain(`agent/packaging/${file} `);
  }
});

test.each([
  [10, "just now"],
  [100, "2 minutes ago"],
  [7_200, "2 hours ago"],
  [90_000, "yesterday"],
])("%i seconds are said as %s", (seconds, said) => {
  const now = Date.parse("2026-01-02T12:00:00Z");

  expect(ago(new Date(now - seconds * 1000).toISOString(), now)).toBe(said);
});

test("a burst is handed on once an interval, in order, and not after the end", () => {
  vi.useFakeTimers();
  const seen: number[][] = [];
  const batch = new Batch<number>(100, (items) => seen.push(items));

  batch.add(1);
  batch.add(2);
  vi.advanceTimersByTime(99);
  expect(seen).toEqual([]);
  vi.advanceTimersByTime(1);
  batch.add(3);
  vi.advanceTimersByTime(100);
  batch.add(4);
  batch.stop();
  vi.advanceTimersByTime(1000);

  expect(seen).toEqual([[1, 2], [3]]);
  vi.useRealTimers();
});
