import type { Page } from "@playwright/test";
import { aNetwork, expect, isAccessible, signIn, test } from "./support";

async function visit(page: Page, name: string): Promise<void> {
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
  await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();
}

test("a person is invited, a token and a join key are made and shown once, and the audit log says so", async ({
  page,
}) => {
  const network = await aNetwork("people");
  const email = `carla-${Date.now().toString(36)}@example.com`;
  await signIn(page);

  // a person
  await visit(page, "Users");
  await page.getByRole("button", { name: "Invite" }).click();
  const invite = page.getByRole("dialog", { name: "Invite a person" });
  await invite.getByLabel("E-mail address").fill(email);
  await invite.getByRole("radio", { name: /^Operator/ }).check();
  await invite.getByRole("radio", { name: "These networks" }).check();
  await invite.getByRole("checkbox", { name: network.name }).check();
  await isAccessible(page);
  await invite.getByRole("button", { name: "Invite" }).click();
  await expect(
    page.getByRole("row", { name: new RegExp(`${email}.*Invited.*Operator.*${network.name}`) }),
  ).toBeVisible();
  await isAccessible(page);
  await page.getByRole("button", { name: `Open ${email}` }).click();
  const panel = page.getByRole("dialog", { name: email });
  await panel.getByRole("radio", { name: /^Auditor/ }).check();
  await panel.getByRole("button", { name: "Save role and networks" }).click();
  await expect(panel.getByText(/^Auditor, from their first/)).toBeVisible();
  await isAccessible(page);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: `Actions for ${email}` }).click();
  await page.getByRole("menuitem", { name: "Withdraw invitation" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Withdraw invitation" }).click();
  await expect(page.getByRole("row", { name: new RegExp(email) })).toHaveCount(0);

  // a token
  await visit(page, "API tokens");
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("nightly");
  await isAccessible(page);
  await page.getByRole("dialog").getByRole("button", { name: "Create token" }).click();
  await expect(page.getByText("will not be shown again")).toBeVisible();
  await page.getByRole("button", { name: "Copy token" }).click();
  const token = await page.evaluate(() => navigator.clipboard.readText());
  expect(token).toMatch(/^wirety_api\./);
  await isAccessible(page);
  await page.getByRole("button", { name: "I have it" }).last().click();
  await expect(page.getByRole("row", { name: /nightly.*Administrator/ })).toBeVisible();
  expect(await page.content()).not.toContain(token);
  await page.getByRole("button", { name: "Actions for nightly" }).click();
  await page.getByRole("menuitem", { name: "Revoke" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByRole("row", { name: /nightly/ })).toHaveCount(0);

  // a join key
  await visit(page, "Networks");
  await page.getByRole("link", { name: network.name }).click();
  await page.getByRole("link", { name: "Join keys" }).click();
  await page.getByRole("button", { name: "Create join key" }).click();
  const create = page.getByRole("dialog");
  await create.getByLabel("Name", { exact: true }).fill("web servers");
  await create.getByLabel("How many hosts may join (optional)").fill("10");
  await isAccessible(page);
  await create.getByRole("button", { name: "Create join key" }).click();
  await expect(page.getByText(/wirety-agent join --server/)).toBeVisible();
  await isAccessible(page);
  await page.getByRole("button", { name: "I have it" }).last().click();
  await expect(page.getByRole("row", { name: /web servers.*Active.*0 of 10/ })).toBeVisible();
  await isAccessible(page);

  // what the audit log says of it
  await visit(page, "Audit");
  await page.getByLabel("Network", { exact: true }).selectOption(network.id);
  await expect(page).toHaveURL(new RegExp(`network=${network.id}`));
  const record = page.getByRole("button", { name: /^Open .*web servers/ });
  await expect(record).toBeVisible();
  await isAccessible(page);
  await record.click();
  await expect(page.getByRole("dialog").getByRole("table", { name: "What changed" })).toBeVisible();
  await isAccessible(page);
  await page.keyboard.press("Escape");
  const downloaded = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  expect((await downloaded).suggestedFilename()).toMatch(/^wirety-audit-.*\.jsonl$/);

  // settings, and oneself
  await visit(page, "Settings");
  await expect(page.getByLabel("Devices that a member may own")).toBeVisible();
  await isAccessible(page);
  await page.getByRole("button", { name: /^Account of / }).click();
  await page.getByRole("menuitem", { name: "Profile" }).click();
  await expect(page.getByText("A group of your identity provider gives you this role.")).toBeVisible();
  await isAccessible(page);
});
