import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { JoinKey } from "@/api/shapes";
import { listOf, plays } from "@/test/answers";
import { show } from "@/test/render";
import { NOW } from "@/test/values";
import { JoinKeysSection } from "./JoinKeysSection";

const KEY: JoinKey = {
  id: "key_1",
  network_id: "net_1",
  name: "web",
  state: "active",
  uses: 10,
  used: 3,
  needs_approval: true,
  ephemeral: false,
  tags: ["prod"],
  is_isolated: false,
  full_encapsulation: false,
  created_by: "ana",
  created_at: NOW,
  expires_at: "2036-01-01T12:00:00Z",
  last_used_at: null,
};
const SECRET = "wirety_join.key_2.secret";

test("a key is made with its limits, and the line that hosts run is shown once", async () => {
  plays("get", "/networks/net_1/join-keys", listOf([]));
  const sent = plays("post", "/networks/net_1/join-keys", () => ({ key: KEY, secret: SECRET }), 201);
  show(<JoinKeysSection />);
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Create join key" }));
  const dialog = within(await screen.findByRole("dialog"));
  await person.type(dialog.getByLabelText("Name"), "web");
  await person.type(dialog.getByLabelText("How many hosts may join (optional)"), "0");
  await person.click(dialog.getByRole("button", { name: "Create join key" }));
  expect(await dialog.findByText("A number from 1 to 100,000.")).toBeTruthy();
  await person.clear(dialog.getByLabelText("How many hosts may join (optional)"));
  await person.type(dialog.getByLabelText("How many hosts may join (optional)"), "10");
  await person.click(dialog.getByLabelText("Hosts wait until somebody approves them"));
  await person.type(dialog.getByLabelText("Tags (optional)"), "prod, web");
  await person.click(dialog.getByRole("button", { name: "Create join key" }));

  const line = await screen.findByText(/wirety-agent join/);
  expect(line.textContent).toBe(
    ` echo ${SECRET} | sudo wirety-agent join --server http://localhost:3000 --key - && sudo systemctl enable --now wirety-agent wirety-agent-seal`,
  );
  await person.click(screen.getByRole("tab", { name: "cloud-init" }));
  expect((await screen.findByText(/^#cloud-config/)).textContent).toContain(`echo ${SECRET} | wirety-agent join`);
  expect(sent).toEqual([
    {
      name: "web",
      uses: 10,
      expires_in_days: 90,
      needs_approval: true,
      ephemeral: false,
      is_isolated: false,
      full_encapsulation: false,
      tags: ["prod", "web"],
    },
  ]);
});

test("a key's row says whether it lets hosts in, how often it did, and what its peers get", async () => {
  plays(
    "get",
    "/networks/net_1/join-keys",
    listOf([KEY, { ...KEY, id: "key_2", name: "ci", state: "revoked", uses: null }]),
  );
  show(<JoinKeysSection />);
  const person = userEvent.setup();

  expect((await screen.findByRole("row", { name: /web/ })).textContent).toMatch(/Active3 of 10wait for approvalprod/);
  expect(screen.getByRole("row", { name: /ci/ }).textContent).toMatch(/Revoked3, no limit/);
  expect(screen.queryByRole("button", { name: "Actions for ci" })).toBeNull();
  await person.selectOptions(screen.getByLabelText("State"), "revoked");
  expect(screen.getByText("1 of 2 join keys")).toBeTruthy();
});

test("who may only read is not offered to make one", async () => {
  plays("get", "/networks/net_1/join-keys", listOf([KEY]));
  show(<JoinKeysSection />, { role: "auditor" });

  expect(await screen.findByRole("row", { name: /web/ })).toBeTruthy();
  expect(screen.queryByRole("button", { name: /Create join key|Actions for/ })).toBeNull();
});
