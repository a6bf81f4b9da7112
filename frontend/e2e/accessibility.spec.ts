import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { aNetwork, api, expect, signIn, test } from "./support";

/** Rules whose answer depends on colours; all others see the same document whatever the theme is. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

/** What is wrong with the page: by all rules in light colours, and by those of colours in dark ones too. */
async function findings(page: Page): Promise<string[]> {
  const light = await found(page, "light", rules(page));
  const dark = await found(page, "dark", rules(page).withRules(COLOUR_RULES));
  await show(page, "light");
  return [...light, ...dark];
}

/** In legacy mode, which opens no page of its own for each look: it sees no frames, and there are none. */
function rules(page: Page): AxeBuilder {
  return new AxeBuilder({ page }).setLegacyMode();
}

async function found(page: Page, theme: "light" | "dark", axe: AxeBuilder): Promise<string[]> {
  await show(page, theme);
  await page.waitForTimeout(400); // fades end: half-faded text has no contrast
  const { violations, passes } = await axe.analyze();
  expect(passes.map(({ id }) => id)).toContain("color-contrast");
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${theme}: ${id}: ${node.html.slice(0, 160)}`));
}

async function show(page: Page, theme: "light" | "dark"): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", theme);
}

test("no page or dialog has an axe finding", async ({ page }) => {
  test.slow(); // it looks at all of them
  const network = await aNetwork("axe");
  await signIn(page);
  expect(await findings(page)).toEqual([]);

  await page.getByRole("button", { name: "Create network" }).click();
  const create = page.getByRole("dialog", { name: "Create network" });
  await create.getByRole("button", { name: "More settings" }).click();
  await create.getByLabel("Name").fill("");
  await create.getByRole("button", { name: "Create network" }).click();
  await expect(create.getByText("This is needed.")).toBeVisible();
  expect(await findings(page)).toEqual([]);
  await page.keyboard.press("Escape");

  await page.getByLabel("Search networks").fill("nothing has this name");
  await expect(page.getByRole("heading", { name: /^Nothing matches/ })).toBeVisible();
  expect(await findings(page)).toEqual([]);

  await page.goto("about:blank");
  await signIn(page, `/networks/${network.id}`);
  await expect(page.getByRole("heading", { name: "Add the hub first" })).toBeVisible();
  expect(await findings(page)).toEqual([]);

  await page.getByRole("button", { name: "Add a hub" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await findings(page)).toEqual([]);
  await page.getByRole("dialog").getByLabel("Name", { exact: true }).fill("hub");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await expect(page.getByText("Waiting for hub to connect")).toBeVisible();
  expect(await findings(page)).toEqual([]);
  await page.getByRole("button", { name: "Close anyway" }).last().click();

  await expect(page.getByRole("row", { name: /hub/ })).toBeVisible();
  expect(await findings(page)).toEqual([]);
  await page.getByRole("checkbox", { name: "Select hub" }).check();
  await expect(page.getByText("1 selected")).toBeVisible();
  expect(await findings(page)).toEqual([]);
  await page.getByRole("button", { name: "Delete peers" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await findings(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Clear selection" }).click();
  await page.getByRole("button", { name: "Actions for hub" }).click();
  expect(await findings(page)).toEqual([]);
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await findings(page)).toEqual([]);
  await page.keyboard.press("Escape");

  await page.getByRole("link", { name: "Changes" }).click();
  await expect(page.getByRole("list", { name: "Changes" })).toBeVisible();
  expect(await findings(page)).toEqual([]);

  await page.getByRole("button", { name: /^Account of / }).click();
  expect(await findings(page)).toEqual([]);
});

test("the signed-out and the failed page have no axe finding", async ({ page }) => {
  await page.goto("/signed-out");
  await expect(page.getByRole("heading", { name: "You are signed out" })).toBeVisible();
  expect(await findings(page)).toEqual([]);

  await page.route("**/config.json", (route) => route.abort());
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "The console cannot start" })).toBeVisible();
  expect(await findings(page)).toEqual([]);
});

test("a phone's width of 320 pixels needs no sideways scrolling", async ({ page }) => {
  const network = await aNetwork("narrow");
  await api("POST", `/networks/${network.id}/peers`, { kind: "dynamic", name: "a peer with quite a long name" });
  await page.setViewportSize({ width: 320, height: 640 });
  await signIn(page, `/networks/${network.id}`);
  await expect(page.getByRole("row", { name: /quite a long name/ })).toBeVisible();

  const width = () => page.evaluate(() => document.documentElement.scrollWidth);
  expect(await width()).toBeLessThanOrEqual(320);
  await page.getByRole("link", { name: "Changes" }).click();
  await expect(page.getByRole("list", { name: "Changes" })).toBeVisible();
  expect(await width()).toBeLessThanOrEqual(320);
  await page.getByRole("link", { name: "Peers" }).click();
  await page.getByRole("button", { name: "Add peer" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await findings(page)).toEqual([]);
});
