import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import type { Change } from "@/api/shapes";
import { API, show } from "@/test/render";
import { server } from "@/test/setup";
import { NOW } from "@/test/values";
import ChangesSection from "./ChangesSection";

function aChange(changed: Partial<Change> = {}): Change {
  return {
    revision: 7,
    at: NOW,
    by: "usr_1",
    what: "peer_created",
    settings: [],
    peers: [{ id: "dyn_1", name: "web", fields: ["name", "endpoint"] }],
    note: null,
    applied: { agents: 1, applied: 1, p50_ms: 120, max_ms: 120 },
    ...changed,
  };
}

function answers(...pages: Change[][]) {
  server.use(
    http.get(`${API}/networks/net_1/changes`, ({ request }) => {
      const at = Number(new URL(request.url).searchParams.get("cursor") ?? 0);
      return HttpResponse.json({ items: pages[at], next_cursor: at + 1 < pages.length ? String(at + 1) : null });
    }),
  );
}

test("a change says who, what, and how far and fast it is applied", async () => {
  answers([
    aChange({ applied: { agents: 8, applied: 5, p50_ms: 340, max_ms: 2100 } }),
    aChange({ revision: 6, applied: { agents: 8, applied: 8, p50_ms: 340, max_ms: 2100 } }),
  ]);
  show(<ChangesSection />);

  const [first, second] = within(await screen.findByRole("list", { name: "Changes" })).getAllByRole("listitem");
  expect(first?.textContent).toContain("Peer added");
  expect(first?.textContent).toContain("by you");
  expect(first?.textContent).toContain("Applied by 5 of 8 agents · half within 340 ms · slowest so far 2.1 s");
  expect(second?.textContent).toContain("Applied by all 8 agents · half within 340 ms · all within 2.1 s");
});

test("settings are said before and after, and fields of a peer by people's words", async () => {
  answers([
    aChange({ what: "network_updated", peers: [], settings: [{ name: "dns", before: "", after: "9.9.9.9" }] }),
    aChange({ revision: 6, what: "peer_updated", by: "dyn_1" }),
  ]);
  show(<ChangesSection />);

  expect(await screen.findByText("DNS: none → 9.9.9.9")).toBeTruthy();
  expect(screen.getByText("web: name, endpoint")).toBeTruthy();
  expect(screen.getByText("by web")).toBeTruthy();
});

test("what is not planned yet, and what concerns nobody, say so", async () => {
  answers([
    aChange({ applied: null }),
    aChange({ revision: 6, applied: { agents: 0, applied: 0, p50_ms: null, max_ms: null } }),
  ]);
  show(<ChangesSection />);

  expect(await screen.findByText(/^How far it is applied is not known/)).toBeTruthy();
  expect(screen.getByText("Concerns no agent")).toBeTruthy();
});

test("older changes are read on demand", async () => {
  answers([aChange()], [aChange({ revision: 1, what: "network_created", peers: [] })]);
  show(<ChangesSection />);
  await userEvent.click(await screen.findByRole("button", { name: "Show older changes" }));

  expect(await screen.findByText("Network created")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Show older changes" })).toBeNull();
});
