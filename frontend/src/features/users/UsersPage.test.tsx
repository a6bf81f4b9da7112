import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { listOf, plays, refusal } from "@/test/answers";
import { show } from "@/test/render";
import { aNetwork, aUser } from "@/test/values";
import UsersPage from "./UsersPage";

const ANA = aUser({
  id: "usr_1",
  name: "ana",
  email: "ana@example.com",
  role: "administrator",
  role_source: "deployment",
  own_role: null,
  networks: null,
});
const BO = aUser();

function withPeople(...people: object[]) {
  plays("get", "/users", listOf(people));
  plays("get", "/networks", listOf([aNetwork()]));
}

test("each person's role stands with where it comes from, and the networks by their names", async () => {
  withPeople(ANA, BO);
  show(<UsersPage />, { path: "/users" });

  expect((await screen.findByRole("row", { name: /ana/ })).textContent).toMatch(
    /anayou.*Administratornamed at deployment.*All networks/,
  );
  const bo = screen.getByRole("row", { name: /Bo Chen/ });
  await waitFor(() => expect(bo.textContent).toMatch(/bo@example.com.*Active.*Memberset here.*home/));
});

test("a person is invited by e-mail with a role and networks, and stands in the list at once", async () => {
  withPeople(ANA);
  const sent = plays(
    "post",
    "/users",
    () => aUser({ id: "inv_1", name: null, email: "c@x.org", state: "invited", role: null, own_role: "operator" }),
    201,
  );
  show(<UsersPage />, { path: "/users" });
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Invite" }));
  const dialog = within(await screen.findByRole("dialog"));
  await person.type(dialog.getByLabelText("E-mail address"), "nobody");
  await person.click(dialog.getByRole("button", { name: "Invite" }));
  expect(await dialog.findByText("This is no e-mail address.")).toBeTruthy();

  await person.clear(dialog.getByLabelText("E-mail address"));
  await person.type(dialog.getByLabelText("E-mail address"), "c@x.org");
  await person.click(dialog.getByRole("radio", { name: /^Operator/ }));
  await person.click(dialog.getByRole("radio", { name: "These networks" }));
  await person.click(await dialog.findByRole("checkbox", { name: "home" }));
  await person.click(dialog.getByRole("button", { name: "Invite" }));

  expect(await screen.findByRole("row", { name: /c@x\.org.*Invited.*Operator/ })).toBeTruthy();
  expect(sent).toEqual([{ email: "c@x.org", role: "operator", networks: ["net_1"] }]);
});

test("a panel changes role and networks, and only what was changed can be saved", async () => {
  withPeople(ANA, BO);
  const sent = plays("patch", "/users/usr_2", () => ({ ...BO, role: "auditor", own_role: "auditor", revision: 2 }));
  show(<UsersPage />, { path: "/users?open=usr_2" });
  const person = userEvent.setup();
  const panel = within(await screen.findByRole("dialog", { name: "Bo Chen" }));
  const save = () => panel.getByRole<HTMLButtonElement>("button", { name: "Save role and networks" });
  expect(save().disabled).toBe(true);

  await person.click(panel.getByRole("radio", { name: /^Auditor/ }));
  await person.click(save());

  await waitFor(() => expect(sent).toEqual([{ role: "auditor", networks: ["net_1"] }]));
  await waitFor(() => expect(save().disabled).toBe(true));
});

test("the last administrator's refusal is said where it was asked", async () => {
  withPeople(ANA);
  plays("delete", "/users/usr_1", refusal(409, "last_administrator", "ana is the last administrator."), 409);
  show(<UsersPage />, { path: "/users" });
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Actions for ana" }));
  await person.click(await screen.findByRole("menuitem", { name: "Remove" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Remove ana?" }));
  await person.click(dialog.getByRole("button", { name: "Remove" }));

  expect((await dialog.findByRole("alert")).textContent).toBe("ana is the last administrator.");
});

test("an auditor reads, and is offered no way to change anybody", async () => {
  withPeople(BO);
  show(<UsersPage />, { path: "/users?open=usr_2", role: "auditor" });
  const panel = within(await screen.findByRole("dialog", { name: "Bo Chen" }));

  expect(panel.queryByRole("radio")).toBeNull();
  expect(panel.queryByRole("button", { name: "Suspend" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Invite" })).toBeNull();
});

test("who may not read people is told the roles it takes, and is not asked to try again", async () => {
  plays("get", "/users", refusal(403, "forbidden", "This takes the role administrator or auditor."), 403);
  show(<UsersPage />, { path: "/users", role: "member" });

  expect(await screen.findByText("This takes the role administrator or auditor.")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
});
