import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { listOf, plays, refusal } from "@/test/answers";
import { show } from "@/test/render";
import { aPeer } from "@/test/values";
import DevicesPage from "./DevicesPage";

const PHONE = aPeer({ id: "sta_1", kind: "static", name: "phone", status: "online" });
const CONFIG = "[Interface]\nAddress = 10.20.0.3/32\n";
const MEMBER = {
  path: "/devices",
  role: "member",
  networks: ["net_1"],
  granted: [{ id: "net_1", name: "home" }],
} as const;
const member = () => ({ ...MEMBER, networks: [...MEMBER.networks], granted: [...MEMBER.granted] });

test("a member's first phone is two fields away: its key is made here, file and code are shown once", async () => {
  plays("get", "/peers", listOf([]));
  const sent = plays("post", "/networks/net_1/peers", () => ({ peer: PHONE, config: CONFIG }), 201);
  show(<DevicesPage />, member());
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Add a phone" }));
  await person.type(await screen.findByLabelText("Name"), "phone");
  await person.click(screen.getByRole("button", { name: "Make keys and file" }));

  expect(await screen.findByRole("img", { name: "QR code of the configuration of phone" })).toBeTruthy();
  expect(sent).toMatchObject([{ kind: "static", name: "phone", generate_key: false }]);
  expect(Object.keys(sent[0] as object).sort()).toEqual(["generate_key", "kind", "name", "public_key"]);
});

test("a limit that is reached is said on the form", async () => {
  plays("get", "/peers", listOf([PHONE]));
  plays(
    "post",
    "/networks/net_1/peers",
    refusal(409, "peer_limit_reached", "You own 5 devices, which is the limit."),
    409,
  );
  show(<DevicesPage />, member());
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Add this computer" }));
  await person.type(await screen.findByLabelText("Name"), "laptop");
  await person.click(screen.getByRole("button", { name: "Create" }));

  expect((await screen.findByRole("alert")).textContent).toBe("You own 5 devices, which is the limit.");
});

test("a code is shown again with another key, and a device is renamed and deleted", async () => {
  plays("get", "/peers", listOf([PHONE]));
  const reissued = plays("post", "/networks/net_1/peers/sta_1/reissue", () => ({ peer: PHONE, config: CONFIG }));
  const renamed = plays("patch", "/networks/net_1/peers/sta_1", () => ({ ...PHONE, name: "tablet", revision: 3 }));
  plays("delete", "/networks/net_1/peers/sta_1", () => undefined);
  show(<DevicesPage />, member());
  const person = userEvent.setup();
  const choose = async (device: string, action: string) => {
    await person.click(await screen.findByRole("button", { name: `Actions for ${device}` }));
    await person.click(await screen.findByRole("menuitem", { name: action }));
    return within(await screen.findByRole("dialog"));
  };

  const ask = await choose("phone", "Show QR code again");
  await person.click(ask.getByRole("button", { name: "Make a new code" }));
  expect(await screen.findByRole("img", { name: /^QR code/ })).toBeTruthy();
  expect(reissued).toMatchObject([{ generate_key: false, public_key: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/) }]);
  await person.click(screen.getAllByRole("button", { name: "I have it" }).at(-1) as HTMLElement);

  const rename = await choose("phone", "Rename");
  await person.clear(rename.getByLabelText("Name"));
  await person.type(rename.getByLabelText("Name"), "tablet");
  await person.click(rename.getByRole("button", { name: "Save" }));
  expect(await screen.findByRole("heading", { name: "tablet" })).toBeTruthy();
  expect(renamed).toEqual([{ name: "tablet" }]);

  const remove = await choose("tablet", "Delete");
  await person.click(remove.getByRole("button", { name: "Delete" }));
  await waitFor(() => expect(screen.queryByRole("heading", { name: "tablet" })).toBeNull());
});

test("without a network there is nothing to add to, and who to ask is said", async () => {
  plays("get", "/peers", listOf([]));
  show(<DevicesPage />, { ...member(), granted: [] });

  expect(await screen.findByRole("heading", { name: "No network for you yet" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: /^Add/ })).toBeNull();
});
