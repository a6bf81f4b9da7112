import type { Locator } from "@playwright/test";
import { aMachine, aNetwork, anEnrolledHub, api, expect, isAccessible, signIn, test } from "./support";

type Rules = { rules: Array<{ source: string; destination: string; action: string }>; version: number };

async function enter(within: Locator, end: "From" | "To", text: string): Promise<void> {
  const field = within.getByRole("combobox", { name: end, exact: true });
  await field.fill(text);
  await field.press("Tab"); // what there is to choose from goes
}

test("rules are written, tried, ordered and put in force, and a second browser sees them", async ({
  page,
  browser,
}) => {
  const network = await aNetwork("rules");
  await anEnrolledHub(network.id);
  for (const [name, tag] of [
    ["front", "web"],
    ["store", "db"],
  ] as const) {
    const made = await api<{ enrollment_token: string }>("POST", `/networks/${network.id}/peers`, {
      kind: "dynamic",
      name,
      tags: [tag],
    });
    await api("POST", "/agent/enroll", { token: made.enrollment_token, ...aMachine(name) });
  }
  const stored = () => api<Rules>("GET", `/networks/${network.id}/acl`);
  await signIn(page, `/networks/${network.id}/rules`);
  const other = await (await browser.newContext()).newPage();
  await signIn(other, `/networks/${network.id}/rules`);

  // nothing yet
  await expect(page.getByRole("heading", { name: "Everybody may reach everybody" })).toBeVisible();
  await isAccessible(page);

  // two rules
  await page.getByRole("button", { name: "Add rule" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a rule" });
  await enter(dialog, "From", "tag:web");
  await enter(dialog, "To", "peer:nobody");
  await dialog.getByRole("button", { name: "Use this rule" }).click();
  await expect(dialog.getByText("No peer here is called nobody.")).toBeVisible();
  await isAccessible(page);
  await enter(dialog, "To", "peer:store");
  await dialog.getByRole("combobox", { name: "Protocol" }).click();
  await dialog.getByRole("option", { name: "TCP" }).click();
  await dialog.getByLabel("Ports (optional)").fill("443, 8000-8010");
  await dialog.getByRole("button", { name: "Use this rule" }).click();
  await expect(page.getByRole("row", { name: /1 Allow tag web store TCP ports 443, 8000-8010/ })).toBeVisible();
  await page.getByRole("button", { name: "Add rule" }).click();
  await page.getByRole("dialog").getByText("Refuse", { exact: true }).click();
  await enter(page.getByRole("dialog"), "To", "tag:db");
  await page.getByRole("dialog").getByRole("button", { name: "Use this rule" }).click();
  await expect(page.getByText("2 changes are not saved")).toBeVisible();

  // tried before they are in force
  const question = page.getByRole("region", { name: "May A reach B?" });
  await enter(question, "From", "front");
  await enter(question, "To", "store");
  await expect(question.getByRole("status")).toContainText("Allowed, by rule 1");
  await question.getByLabel("Port").fill("22");
  await expect(question.getByRole("status")).toContainText("Refused, by rule 2: Refuse any traffic");
  await isAccessible(page);

  // another page and back: nothing is lost
  await page.getByRole("link", { name: "Peers", exact: true }).click();
  await expect(page.getByRole("row", { name: /front/ })).toBeVisible();
  await page.goBack();
  await expect(page.getByText("2 changes are not saved")).toBeVisible();

  // ordered by keyboard, and back
  await page.getByRole("button", { name: "Move rule 2" }).focus();
  await page.keyboard.press("ArrowUp");
  await expect(page.getByRole("row", { name: /1 Refuse/ })).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("row", { name: /2 Refuse/ })).toBeVisible();

  // seen, then in force
  await page.getByRole("button", { name: "Review and save" }).click();
  await expect(page.getByRole("dialog").getByRole("listitem")).toHaveCount(2);
  await isAccessible(page);
  await page.getByRole("button", { name: "Put in force" }).click();
  await expect(page.getByText("The rules are in force")).toBeVisible();
  await expect(page.getByText("not saved")).toHaveCount(0);
  expect((await stored()).rules).toMatchObject([
    { source: "tag:web", action: "allow" },
    { destination: "tag:db", action: "deny" },
  ]);
  await expect(other.getByRole("row", { name: /2 Refuse anything tag db any traffic/ })).toBeVisible();
  await expect(page.getByRole("cell", { name: "none" }).first()).toBeVisible();

  // two who edit at once: the second is told, and nothing is written over
  await other.getByRole("button", { name: "Actions for Rule 2" }).click();
  await other.getByRole("menuitem", { name: "Remove" }).click();
  await expect(other.getByText("1 change is not saved")).toBeVisible();
  const { version, rules } = await stored();
  await api("PUT", `/networks/${network.id}/acl`, { rules: rules.slice(1) });
  await expect(other.getByRole("alert")).toContainText("Somebody else saved other rules");
  await expect(other.getByRole("button", { name: "Review and save" })).toBeDisabled();
  await isAccessible(other);
  await other.getByRole("button", { name: "Discard mine and show theirs" }).click();
  await expect(other.getByRole("row", { name: /1 Refuse anything tag db/ })).toBeVisible();
  expect((await stored()).version).toBe(version + 1);
});
