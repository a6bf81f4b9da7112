import type { Page } from "@playwright/test";
import { expect, test } from "./support";

/** The provider's own forms: a name with any password, then consent. */
async function signInAs(page: Page, name: string): Promise<void> {
  await page.goto("/");
  await page.locator("input[name=login]").fill(name);
  await page.locator("input[name=password]").fill("any");
  await page.locator("button[type=submit]").click();
  await page.getByRole("button", { name: /continue/i }).click();
}

test("the administrator named at deployment signs in at another provider, and out again", async ({ page }) => {
  await signInAs(page, "ana");

  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Account of ana" }).click();
  await expect(page.getByText("Administrator")).toBeVisible();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: /sign me out|yes/i }).click();
  await expect(page.getByRole("heading", { name: "You are signed out" })).toBeVisible();
});

test("a reload comes back by itself, without a question", async ({ page }) => {
  await signInAs(page, "ana");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();

  await page.reload();

  await expect(page.getByText("Live", { exact: true })).toBeVisible();
});

test("whom nobody invited stays outside, and is told whom to ask", async ({ page }) => {
  await signInAs(page, "eve");

  await expect(page.getByRole("heading", { name: "You have no role here yet" })).toBeVisible();
  await expect(page.getByText(/Ask an administrator/)).toBeVisible();
  await expect(page.getByRole("link", { name: "Networks" })).toHaveCount(0);
});
