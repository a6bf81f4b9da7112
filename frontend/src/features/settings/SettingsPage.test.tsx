import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { plays } from "@/test/answers";
import { show } from "@/test/render";
import SettingsPage from "./SettingsPage";

const SETTINGS = { default_role: "member", member_peer_limit: 5, revision: 1 };

test("the settings are changed together, and a limit is checked", async () => {
  plays("get", "/settings", () => SETTINGS);
  const sent = plays("put", "/settings", (body) => ({ ...(body as object), revision: 2 }));
  show(<SettingsPage />, { path: "/settings" });
  const person = userEvent.setup();
  const limit = await screen.findByLabelText<HTMLInputElement>("Devices that a member may own");
  await person.clear(limit);
  await person.type(limit, "101");
  await person.click(screen.getByRole("radio", { name: /^Nobody/ }));
  await person.click(screen.getByRole("button", { name: "Save settings" }));
  expect(await screen.findByText("A number from 0 to 100.")).toBeTruthy();
  await person.clear(limit);
  await person.type(limit, "8");
  await person.click(screen.getByRole("button", { name: "Save settings" }));

  await waitFor(() => expect(sent).toEqual([{ default_role: null, member_peer_limit: 8 }]));
});

test("who may only read sees them, and cannot save", async () => {
  plays("get", "/settings", () => SETTINGS);
  show(<SettingsPage />, { path: "/settings", role: "auditor" });

  expect(await screen.findByText("Your role reads only.")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Save settings" })).toBeNull();
});
