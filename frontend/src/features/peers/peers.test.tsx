import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, test, vi } from "vitest";
import { keys } from "@/api/queries";
import type { Peer } from "@/api/shapes";
import { newCache } from "@/app/start";
import AddPeerDialog from "@/features/peers/AddPeerDialog";
import { EnrollPanel } from "@/features/peers/EnrollPanel";
import { FilePanel } from "@/features/peers/FilePanel";
import { filtered, PeersSection } from "@/features/peers/PeersSection";
import { firstSilence } from "@/features/peers/silence";
import { API, show } from "@/test/render";
import { server } from "@/test/setup";
import { aNetwork, aPeer } from "@/test/values";

const HUB = aPeer({ id: "jmp_1", kind: "jump", name: "hub", public_key: "k", listen_port: 51820 });

test("the panel turns to connected by itself, and the command is gone then", async () => {
  const cache = newCache();
  cache.setQueryData(keys.peers("net_1"), [HUB]);
  const enrollment = { peer: HUB, token: "wirety_enroll.x.y", expiresAt: "2026-01-02T00:00:00Z" };
  show(<EnrollPanel network={aNetwork()} enrollment={enrollment} onClose={() => {}} />, { cache });
  expect(await screen.findByText(/wirety_enroll\.x\.y/)).toBeTruthy();
  expect(screen.getByRole("status").textContent).toContain("has enrolled");

  act(() => {
    cache.setQueryData<Peer[]>(keys.peers("net_1"), [{ ...HUB, status: "online" }]);
  });

  await waitFor(() => expect(screen.getByRole("status").textContent).toContain("hub is connected"));
  expect(screen.queryByText(/wirety_enroll/)).toBeNull();
});

test("a hub that does not come within a minute raises the question of its port", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const cache = newCache();
  const mapped = { ...HUB, published_port: 443 };
  cache.setQueryData(keys.peers("net_1"), [mapped]);
  const enrollment = { peer: mapped, token: "t.o.k", expiresAt: "2026-01-02T00:00:00Z" };
  show(<EnrollPanel network={aNetwork()} enrollment={enrollment} onClose={() => {}} />, { cache });
  await screen.findByText(/t\.o\.k/);
  expect(screen.queryByText("Is UDP 51820 open?")).toBeNull();

  await act(() => vi.advanceTimersByTimeAsync(60_000));

  expect(screen.getByText("Is UDP 51820 open?")).toBeTruthy();
  expect(screen.getByText(/maps UDP 443 to it must send that on to UDP 51820/)).toBeTruthy();
  vi.useRealTimers();
});

test("a file's private key is in what is shown, in no request, and gone with the dialog", async () => {
  let sent = "";
  server.use(
    http.post(`${API}/networks/net_1/peers`, async ({ request }) => {
      sent = await request.text();
      const peer = aPeer({ id: "sta_1", kind: "static", name: "phone" });
      return HttpResponse.json({ peer, config: "[Interface]\nAddress = 10.20.0.3/32\n" }, { status: 201 });
    }),
  );
  const closed = vi.fn();
  const { cache } = show(<AddPeerDialog network={aNetwork()} peers={[HUB]} kind="static" onClose={closed} />);
  const person = userEvent.setup();
  await person.type(await screen.findByLabelText("Name"), "phone");
  await person.click(screen.getByRole("button", { name: "Make keys and file" }));

  expect(await screen.findByRole("img", { name: "QR code of the configuration of phone" })).toBeTruthy();
  await person.click(screen.getByRole("button", { name: "Show the file" }));
  const privateKey = /PrivateKey = (\S+)/.exec(screen.getByLabelText("Contents of phone.conf").textContent ?? "")?.[1];
  expect(privateKey).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  expect(sent).not.toContain(privateKey);
  expect(JSON.parse(sent)).toMatchObject({ kind: "static", generate_key: false });
  const kept = cache
    .getQueryCache()
    .getAll()
    .map((query) => query.state.data);
  const mutations = cache
    .getMutationCache()
    .getAll()
    .map((mutation) => mutation.state);
  expect(JSON.stringify([kept, mutations])).not.toContain(privateKey);

  await person.click(screen.getAllByRole("button", { name: "I have it" }).at(-1) as HTMLElement);
  expect(closed).toHaveBeenCalled();
});

test("a file for a device without IPv6 is one click away, and says what it costs", async () => {
  const config = "[Interface]\nAddress = 10.20.0.3/32\n\n[Peer]\nPublicKey = k\nAllowedIPs = 0.0.0.0/0, ::/0\n";
  let sent = "";
  server.use(
    http.post(`${API}/networks/net_1/peers`, async ({ request }) => {
      sent = await request.text();
      const peer = aPeer({ id: "sta_1", kind: "static", name: "tv" });
      return HttpResponse.json({ peer, config, notes: ["In several lines."] }, { status: 201 });
    }),
  );
  show(<AddPeerDialog network={aNetwork()} peers={[HUB]} kind="static" onClose={() => {}} />);
  const person = userEvent.setup();
  await person.type(await screen.findByLabelText("Name"), "tv");
  await person.click(screen.getByLabelText("Send all traffic through the hub"));
  await person.selectOptions(screen.getByLabelText("DNS line of the file"), "own");
  await person.type(screen.getByLabelText("DNS servers"), "9.9.9.9, lab.internal");
  await person.click(screen.getByRole("button", { name: "Make keys and file" }));

  expect(await screen.findByText("In several lines.")).toBeTruthy();
  await person.click(screen.getByRole("button", { name: "Show the file" }));
  const contents = () => screen.getByLabelText("Contents of tv.conf").textContent;
  expect(contents()).toContain("AllowedIPs = 0.0.0.0/0, ::/0");
  expect(JSON.parse(sent)).toMatchObject({ full_encapsulation: true, dns: ["9.9.9.9", "lab.internal"] });

  await person.click(screen.getByLabelText("This device has no IPv6"));

  expect(contents()).toContain("AllowedIPs = 0.0.0.0/0\n");
  expect(screen.getByText(/leaves past the tunnel/)).toBeTruthy();
});

test("a file that is too long for a QR code is still there to download", async () => {
  const text = `[Interface]\n${"x".repeat(3000)}`;
  show(<FilePanel file={{ name: "site", text, notes: [] }} onClose={() => {}} />);

  expect(await screen.findByText(/too long for a QR code/)).toBeTruthy();
  expect(screen.getByRole("button", { name: "Download site.conf" })).toBeTruthy();
});

test("a hub's published port is sent where one is given, and checked", async () => {
  const sent: unknown[] = [];
  server.use(
    http.post(`${API}/networks/net_1/peers`, async ({ request }) => {
      sent.push(await request.json());
      return HttpResponse.json({ title: "Invalid", status: 422, code: "invalid", detail: "No." }, { status: 422 });
    }),
  );
  show(<AddPeerDialog network={aNetwork()} peers={[]} kind="jump" onClose={() => {}} />);
  const person = userEvent.setup();
  await person.type(await screen.findByLabelText("Name"), "hub");
  const published = screen.getByLabelText("Published port (optional)");
  await person.type(published, "70000");
  await person.click(screen.getByRole("button", { name: "Create" }));
  expect(await screen.findByText("A port is 1 to 65535.")).toBeTruthy();
  expect(sent).toEqual([]);

  await person.clear(published);
  await person.type(published, "443");
  await person.click(screen.getByRole("button", { name: "Create" }));

  await waitFor(() => expect(sent).toMatchObject([{ kind: "jump", listen_port: 51820, published_port: 443 }]));
});

test("a file needs a hub with a key first", async () => {
  show(<AddPeerDialog network={aNetwork()} peers={[{ ...HUB, public_key: null }]} kind="static" onClose={() => {}} />);

  expect(await screen.findByText(/A file needs a hub to name/)).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Make keys and file" })).toBeNull();
});

test("the API's objection stands on its field, and what was typed stays", async () => {
  const detail = "There is a peer web already.";
  server.use(
    http.post(`${API}/networks/net_1/peers`, () =>
      HttpResponse.json({ title: "Conflict", status: 409, code: "name_in_use", detail }, { status: 409 }),
    ),
  );
  show(<AddPeerDialog network={aNetwork()} peers={[HUB]} kind="dynamic" onClose={() => {}} />);
  const name = await screen.findByLabelText<HTMLInputElement>("Name");
  fireEvent.change(name, { target: { value: "web" } });
  fireEvent.click(screen.getByRole("button", { name: "Create" }));

  expect(await screen.findByText(detail)).toBeTruthy();
  expect(name.getAttribute("aria-invalid")).toBe("true");
  expect(name.value).toBe("web");
});

test("filters narrow by words, kind and status together", () => {
  const peers = [aPeer({ id: "1", name: "web", status: "online" }), aPeer({ id: "2", name: "web-2" }), HUB];
  const ids = (search: Parameters<typeof filtered>[1]) => filtered(peers, search).map((peer) => peer.id);

  expect(ids({ q: "WEB" })).toEqual(["1", "2"]);
  expect(ids({ q: "web", status: "online" })).toEqual(["1"]);
  expect(ids({ kind: "jump" })).toEqual(["jmp_1"]);
  expect(ids({ q: "10.20" })).toHaveLength(3);
});

test("filters are read from the address", async () => {
  const peers = [aPeer({ id: "dyn_1", name: "web" }), HUB];
  show(<PeersSection network={aNetwork()} peers={peers} />, { path: "/networks/net_1?kind=jump" });

  expect(await screen.findByText("1 of 2 peers")).toBeTruthy();
  expect(screen.getByLabelText<HTMLSelectElement>("Kind").value).toBe("jump");
});

test("only a phone that is online falls silent, three minutes after its last handshake", () => {
  const at = (seen: string, changed: Partial<Peer> = {}) =>
    aPeer({ kind: "static", status: "online", last_seen: seen, ...changed });
  const peers = [
    at("2026-01-01T00:01:00Z"),
    at("2026-01-01T00:00:30Z"),
    at("2026-01-01T00:00:00Z", { status: "offline" }),
    at("2026-01-01T00:00:00Z", { kind: "dynamic" }),
  ];

  expect(firstSilence(peers)).toBe(Date.parse("2026-01-01T00:03:30Z"));
  expect(firstSilence(peers.slice(2))).toBeUndefined();
});
