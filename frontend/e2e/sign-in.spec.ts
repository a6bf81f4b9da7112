import { info } from "./info";
import { enterCredentials, expect, signIn, test } from "./support";

test("a person signs in on the hosted page and comes back to where they wanted to go", async ({ page }) => {
  await page.goto("/networks?q=nothing-has-this-name");
  await expect(page).toHaveURL(/\/oauth2\/authorize\?/);
  const asked = new URL(page.url()).searchParams;
  expect(asked.get("response_type")).toBe("code");
  expect(asked.get("code_challenge_method")).toBe("S256");

  await enterCredentials(page);

  await expect(page).toHaveURL(`${info.console_url}/networks?q=nothing-has-this-name`);
  await page.getByRole("button", { name: /^Account of / }).click();
  await expect(page.getByText("Administrator")).toBeVisible();
});

test("no token is kept where another page or a later visitor could find it", async ({ page, context }) => {
  await signIn(page);

  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  const cookies = (await context.cookies(info.console_url)).filter((cookie) => cookie.value.includes("ey"));

  expect(kept).not.toContain("eyJ");
  expect(cookies).toEqual([]);
  expect(page.url()).not.toContain("code=");
});

test("a reload goes through the provider once", async ({ page }) => {
  await signIn(page);
  const rounds: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/oauth2/authorize")) rounds.push(request.url());
  });

  await page.reload();
  const form = page.locator("input[name=username]");
  await expect(form.or(page.getByText("Live", { exact: true }))).toBeVisible();
  if (await form.isVisible()) await enterCredentials(page);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();

  expect(rounds).toHaveLength(1);
});

test("a person signs out, and is asked again afterwards", async ({ page }) => {
  await signIn(page);

  await page.getByRole("button", { name: /^Account of / }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "You are signed out" })).toBeVisible();
  await expect(page).toHaveURL(`${info.console_url}/signed-out`);

  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.locator("input[name=username]")).toBeVisible();
});

test("a refusal of the provider is said, with a way to try again", async ({ page }) => {
  await page.goto("/");
  await expect(page).toHaveURL(/\/oauth2\/authorize\?/);
  const state = new URL(page.url()).searchParams.get("state");

  await page.goto(`/auth/callback?error=access_denied&error_description=Not+today&state=${state}`);

  await expect(page.getByRole("heading", { name: "The identity provider refused" })).toBeVisible();
  await expect(page.getByText("Not today")).toBeVisible();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.locator("input[name=username]")).toBeVisible();
});
