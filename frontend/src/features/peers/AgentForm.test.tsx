import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { API, show } from "@/test/render";
import { server } from "@/test/setup";
import { aNetwork, aPeer } from "@/test/values";
import AddPeerDialog from "./AddPeerDialog";

const HUB = aPeer({ id: "jmp_1", kind: "jump", name: "hub", public_key: "k", listen_port: 51820 });

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
