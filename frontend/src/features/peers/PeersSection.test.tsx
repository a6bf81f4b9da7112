import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { newCache } from "@/api/cache";
import { API, show } from "@/test/render";
import { server } from "@/test/setup";
import { aPeer } from "@/test/values";
import { peersKey } from "./api";
import PeersSection from "./PeersSection";

const HUB = aPeer({ id: "jmp_1", kind: "jump", name: "hub", public_key: "k", listen_port: 51820 });
const WEB = aPeer({ id: "dyn_1", name: "web", address: "10.20.0.10" });
const MAIL = aPeer({ id: "dyn_2", name: "mail", address: "10.20.0.9" });

function withPeers() {
  const cache = newCache();
  cache.setQueryData(peersKey("net_1"), [WEB, MAIL, HUB]);
  return { cache };
}

const names = () =>
  screen
    .getAllByRole("row")
    .slice(1)
    .map((row) => within(row).getByText(/^(hub|web|mail)$/).textContent);

test("filters and sorting are read from the address", async () => {
  show(<PeersSection />, { ...withPeers(), path: "/networks/net_1?kind=dynamic&sort=address" });

  expect(await screen.findByText("2 of 3 peers")).toBeTruthy();
  expect(screen.getByLabelText<HTMLSelectElement>("Kind").value).toBe("dynamic");
  expect(names()).toEqual(["mail", "web"]);
});

test("several peers are deleted at once, hubs among them only when their number is typed", async () => {
  const deleted: string[] = [];
  server.use(
    http.delete(`${API}/networks/net_1/peers/:id`, ({ params }) => {
      deleted.push(String(params.id));
      return new HttpResponse(null, { status: 204 });
    }),
  );
  show(<PeersSection />, withPeers());
  const person = userEvent.setup();
  await person.click(await screen.findByLabelText("Select hub"));
  await person.click(screen.getByLabelText("Select web"));
  await person.click(screen.getByRole("button", { name: "Delete peers" }));

  const dialog = within(await screen.findByRole("dialog", { name: "Delete 2 peers?" }));
  expect(dialog.getByText(/^hub, web\. .* 1 of them is a hub/)).toBeTruthy();
  await person.type(dialog.getByLabelText("Type 2 to confirm"), "2");
  await person.click(dialog.getByRole("button", { name: "Delete peers" }));

  await waitFor(() => expect(names()).toEqual(["mail"]));
  expect(deleted).toEqual(["jmp_1", "dyn_1"]);
  expect(screen.queryByText("2 selected")).toBeNull();
});

test("deleting several stops at the first that is refused, and says why", async () => {
  const detail = "Try it again in a minute.";
  server.use(
    http.delete(`${API}/networks/net_1/peers/dyn_2`, () => new HttpResponse(null, { status: 204 })),
    http.delete(`${API}/networks/net_1/peers/dyn_1`, () =>
      HttpResponse.json({ title: "Conflict", status: 409, code: "conflict", detail }, { status: 409 }),
    ),
  );
  show(<PeersSection />, { ...withPeers(), path: "/networks/net_1?kind=dynamic" });
  const person = userEvent.setup();
  await person.click(await screen.findByLabelText("Select all"));
  await person.click(screen.getByRole("button", { name: "Delete peers" }));
  await person.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Delete peers" }));

  expect(await screen.findByText(detail)).toBeTruthy();
  expect(names()).toEqual(["web"]);
});

test("who may only read is offered neither a selection nor a way to delete", async () => {
  show(<PeersSection />, { ...withPeers(), role: "auditor" });
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Actions for web" }));

  expect(await screen.findByRole("menuitem", { name: "Copy address" })).toBeTruthy();
  expect(screen.queryByRole("menuitem", { name: "Delete" })).toBeNull();
  expect(screen.queryByRole("checkbox")).toBeNull();
});
