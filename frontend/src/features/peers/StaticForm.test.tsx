import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, test, vi } from "vitest";
import { API, show } from "@/test/render";
import { server } from "@/test/setup";
import { aNetwork, aPeer } from "@/test/values";
import AddPeerDialog from "./AddPeerDialog";

const HUB = aPeer({ id: "jmp_1", kind: "jump", name: "hub", public_key: "k", listen_port: 51820 });

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
