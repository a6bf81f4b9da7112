import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { listOf, plays } from "@/test/answers";
import { show } from "@/test/render";
import { aNetwork, aToken } from "@/test/values";
import TokensPage from "./TokensPage";

const SECRET = "wirety_api.usr_1:tok_2.secret";

test("a token's text is shown once, and kept nowhere when it is closed", async () => {
  plays("get", "/tokens", listOf([aToken()]));
  plays("get", "/networks", listOf([aNetwork()]));
  const sent = plays("post", "/tokens", () => ({ token: aToken({ id: "tok_2", name: "ci" }), secret: SECRET }), 201);
  const { cache } = show(<TokensPage />, { path: "/tokens", role: "operator" });
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Create token" }));
  const dialog = within(await screen.findByRole("dialog"));
  await person.type(dialog.getByLabelText("Name"), "ci");
  expect(dialog.getAllByRole("radio", { name: /^(Administrator|Operator|Auditor|Member)/ })).toHaveLength(2);
  await person.click(dialog.getByRole("radio", { name: /^Member/ }));
  await person.selectOptions(dialog.getByLabelText("Expires after"), "30");
  await person.click(dialog.getByRole("button", { name: "Create token" }));

  expect(await screen.findByText(SECRET)).toBeTruthy();
  expect(screen.getByText(/will not be shown again/)).toBeTruthy();
  expect(sent).toEqual([{ name: "ci", role: "member", networks: null, expires_in_days: 30 }]);
  await person.click(screen.getAllByRole("button", { name: "I have it" }).at(-1) as HTMLElement);
  await waitFor(() => expect(screen.queryByText(SECRET)).toBeNull());
  await waitFor(() => expect(cache.getMutationCache().getAll()).toEqual([]));
});

test("administrators see everybody's on demand, with who made them", async () => {
  const asked = plays("get", "/tokens", (query) =>
    listOf((query as { everybody?: string }).everybody ? [aToken({ maker_id: "usr_2", maker_name: "Bo" })] : [])(),
  );
  plays("get", "/networks", listOf([]));
  const { router } = show(<TokensPage />, { path: "/tokens" });
  expect(await screen.findByRole("heading", { name: "No API token yet" })).toBeTruthy();
  await userEvent.selectOptions(screen.getByLabelText("Whose"), "all");

  expect(await screen.findByRole("cell", { name: "Bo" })).toBeTruthy();
  expect(router.state.location.search).toEqual({ whose: "all" });
  expect(asked.at(-1)).toMatchObject({ everybody: "true" });
});

test("a token is revoked after a question", async () => {
  plays("get", "/tokens", listOf([aToken()]));
  plays("get", "/networks", listOf([]));
  const revoked = plays("delete", "/tokens/tok_1", () => undefined);
  show(<TokensPage />, { path: "/tokens" });
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Actions for backup job" }));
  await person.click(await screen.findByRole("menuitem", { name: "Revoke" }));
  await person.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Revoke" }));

  await waitFor(() => expect(screen.queryByRole("row", { name: /backup job/ })).toBeNull());
  expect(revoked).toHaveLength(1);
});
