import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import type { AuditRecord } from "@/api/shapes";
import { listOf, plays } from "@/test/answers";
import { API, api, show } from "@/test/render";
import { server } from "@/test/setup";
import { aNetwork, NOW } from "@/test/values";
import AuditPage from "./AuditPage";
import { exportedAudit } from "./api";

function aRecord(changed: Partial<AuditRecord> = {}): AuditRecord {
  return {
    id: "aud_1",
    at: NOW,
    actor: { kind: "user", id: "usr_1", name: "ana" },
    source: "203.0.113.7",
    action: "peer_updated",
    target: { kind: "peer", id: "dyn_1", name: "web" },
    network_id: "net_1",
    before: { name: "web", endpoint: "198.51.100.7" },
    after: { name: "web", endpoint: null },
    outcome: "done",
    request_id: null,
    ...changed,
  };
}

test("filters go to the API as they stand in the address, and pages that they empty are passed over", async () => {
  plays("get", "/networks", listOf([aNetwork()]));
  const asked = plays("get", "/audit", (query) =>
    (query as { cursor?: string }).cursor
      ? { items: [aRecord()], next_cursor: null }
      : { items: [], next_cursor: "older" },
  );
  show(<AuditPage />, { path: "/audit?network=net_1&actor=usr_1" });

  expect(await screen.findByRole("row", { name: /ana.*Peer updated.*web/ })).toBeTruthy();
  expect(asked[0]).toMatchObject({ network_id: "net_1", actor: "usr_1" });
  expect(screen.getByRole("button", { name: "Remove the filter Who: ana" })).toBeTruthy();
});

test("a record's settings stand side by side, those that changed first, and lead to more of the kind", async () => {
  plays("get", "/networks", listOf([aNetwork()]));
  plays("get", "/audit", listOf([aRecord()]));
  const { router } = show(<AuditPage />, { path: "/audit" });
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Open Peer updated, web" }));
  const panel = within(await screen.findByRole("dialog", { name: "Peer updated" }));

  const rows = within(panel.getByRole("table", { name: "What changed" })).getAllByRole("row");
  expect(rows.map((row) => row.textContent)).toEqual([
    "SettingBeforeAfter",
    "endpoint198.51.100.7nothing",
    "namewebweb",
  ]);
  await person.click(panel.getByRole("button", { name: "Only what was done to web" }));
  await waitFor(() => expect(router.state.location.search).toEqual({ target: "dyn_1" }));
});

test("older records are read on demand, and no match is not nothing", async () => {
  plays("get", "/networks", listOf([]));
  plays("get", "/audit", (query) => {
    const { cursor, action } = query as { cursor?: string; action?: string };
    if (action) return { items: [], next_cursor: null };
    return cursor
      ? { items: [aRecord({ id: "aud_0", action: "network_created" })], next_cursor: null }
      : { items: [aRecord()], next_cursor: "older" };
  });
  show(<AuditPage />, { path: "/audit" });
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Show older records" }));
  expect(await screen.findByRole("row", { name: /Network created/ })).toBeTruthy();
  expect(screen.getByText("2 records")).toBeTruthy();

  await person.selectOptions(screen.getByLabelText("What"), "acl_replaced");
  expect(await screen.findByRole("heading", { name: "Nothing matches" })).toBeTruthy();
  await person.click(screen.getByRole("button", { name: "Clear filters" }));
  expect(await screen.findByRole("row", { name: /Peer updated/ })).toBeTruthy();
});

test("the export follows the pages to the last", async () => {
  server.use(
    http.get(`${API}/audit/export`, ({ request }) => {
      const cursor = new URL(request.url).searchParams.get("cursor");
      return new HttpResponse(cursor ? '{"id":"b"}\n' : '{"id":"a"}\n{"id":"c"}\n', {
        headers: cursor ? {} : { Link: '</api/v1/audit/export?limit=1000&cursor=n%2B1>; rel="next"' },
      });
    }),
  );
  const counts: number[] = [];

  const parts = await exportedAudit(api, { actor: "usr_1" }, (count) => counts.push(count));

  expect(parts.join("")).toBe('{"id":"a"}\n{"id":"c"}\n{"id":"b"}\n');
  expect(counts).toEqual([2, 3]);
});

test("who may not export is not offered to", async () => {
  plays("get", "/networks", listOf([]));
  plays("get", "/audit", listOf([]));
  show(<AuditPage />, { path: "/audit", role: "operator" });

  expect(await screen.findByRole("heading", { name: "Nothing is recorded yet" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Export" })).toBeNull();
});
