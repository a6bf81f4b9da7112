import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { AclRule } from "@/api/shapes";
import { plays, refusal } from "@/test/answers";
import { show } from "@/test/render";
import { aPeer } from "@/test/values";
import { RulesSection } from "./RulesSection";

const PEERS = [
  aPeer({ id: "dyn_1", name: "web", tags: ["front"], public_key: "web" }),
  aPeer({ id: "dyn_2", name: "store", address: "10.20.0.3", public_key: "store" }),
  aPeer({ id: "dyn_3", name: "new", address: "10.20.0.4" }),
];
const RULES: AclRule[] = [
  { source: "tag:front", destination: "peer:dyn_2", action: "allow", protocol: "tcp", ports: ["443"] },
  { source: "*", destination: "peer:dyn_2", action: "deny", protocol: null, ports: [] },
];
const ACL = "/networks/net_1/acl";

const shown = () =>
  screen
    .getAllByRole("row")
    .map((row) => row.textContent ?? "")
    .filter((text) => /Allow|Refuse/.test(text));

test("rules say who they are about by name, and who may only read is offered no change", async () => {
  plays("get", ACL, () => ({ version: 3, rules: RULES }));
  show(<RulesSection peers={PEERS} />, { role: "auditor" });

  expect(await screen.findByText("TCP port 443")).toBeTruthy();
  expect(shown()[0]).toMatch(/1Allowtag frontstore/);
  expect(screen.queryByRole("button", { name: /Add rule|Move rule|Actions for/ })).toBeNull();
});

test("a changed order is saved as a whole, under the version that was read", async () => {
  plays("get", ACL, () => ({ version: 3, rules: RULES }));
  const sent = plays("put", ACL, () => ({ version: 4, rules: [...RULES].reverse() }));
  show(<RulesSection peers={PEERS} />);
  const person = userEvent.setup();
  (await screen.findByRole("button", { name: /Move rule 2/ })).focus();
  await person.keyboard("{ArrowUp}");

  expect(shown()[0]).toMatch(/Refuse/);
  await person.click(screen.getByRole("button", { name: "Review and save" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getAllByRole("listitem")).toHaveLength(1);
  await person.click(dialog.getByRole("button", { name: "Put in force" }));
  await waitFor(() => expect(screen.queryByText(/not saved/)).toBeNull());
  expect(sent).toEqual([{ rules: [RULES[1], RULES[0]] }]);
});

test("what the API refuses is said of the rule it is about, and nothing that was edited is lost", async () => {
  plays("get", ACL, () => ({ version: 3, rules: RULES }));
  const errors = [{ field: "rules[0].destination", message: "There is no peer dyn_2 in this network." }];
  plays("put", ACL, () => ({ ...refusal(400, "invalid", "One field is wrong.")(), errors }), 400);
  show(<RulesSection peers={PEERS} />);
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Actions for Rule 2" }));
  await person.click(await screen.findByRole("menuitem", { name: "Remove" }));
  await person.click(screen.getByRole("button", { name: "Review and save" }));
  await person.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Put in force" }));

  expect(await screen.findByText("Rule 1: There is no peer dyn_2 in this network.")).toBeTruthy();
  await person.click(screen.getAllByRole("button", { name: "Cancel" }).at(-1) as HTMLElement);
  expect(screen.getByText("1 change is not saved")).toBeTruthy();
  await person.click(screen.getByRole("button", { name: "Discard" }));
  expect(shown()).toHaveLength(2);
});

test("whether one reaches another is answered with the rule, and of who has not connected it is said", async () => {
  plays("get", ACL, () => ({ version: 3, rules: RULES }));
  show(<RulesSection peers={PEERS} />, { role: "auditor" });
  const question = within(await screen.findByRole("region", { name: "May A reach B?" }));
  const person = userEvent.setup();
  await person.type(question.getByRole("combobox", { name: "From" }), "web");
  await person.type(question.getByRole("combobox", { name: "To" }), "store");

  expect(question.getByRole("status").textContent).toBe(
    "Allowed, by rule 1: Allow TCP port 443 from tag front to store",
  );
  await person.clear(question.getByRole("combobox", { name: "From" }));
  await person.type(question.getByRole("combobox", { name: "From" }), "new");
  expect(question.getByRole("status").textContent).toMatch(/new has not connected yet/);
});
