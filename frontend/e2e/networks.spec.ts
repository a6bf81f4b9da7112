import { aNetwork, api, expect, signIn, test, watched } from "./support";

test("what a form gets wrong is said on its field, and nothing is lost", async ({ page }) => {
  const other = await aNetwork("taken");
  await signIn(page);
  await page.getByRole("button", { name: "Create network" }).click();
  const dialog = page.getByRole("dialog", { name: "Create network" });
  const [name, cidr] = [dialog.getByLabel("Name"), dialog.getByLabel("Addresses")];
  const submit = dialog.getByRole("button", { name: "Create network" });

  await name.fill("");
  await submit.click();
  await expect(name).toHaveAccessibleDescription(/This is needed/);

  await name.fill("Not A Label");
  await submit.click();
  await expect(name).toHaveAccessibleDescription(/DNS label/i);

  await name.fill("lab");
  await cidr.fill("10.98.0.1/24");
  await submit.click();
  await expect(cidr).toHaveAccessibleDescription(/10\.98\.0\.0\/24/);

  await cidr.fill(other.cidr);
  await submit.click();
  await expect(cidr).toHaveAccessibleDescription(new RegExp(other.name));
  await expect(name).toHaveValue("lab");
});

test("a network is created, and a second browser sees it come, change and go without a reload", async ({
  page,
  browser,
}) => {
  const name = `live-${Date.now().toString(36)}`;
  const second = await browser.newContext();
  const wrong = watched(second);
  const other = await second.newPage();
  await signIn(page);
  await signIn(other);

  await page.getByRole("button", { name: "Create network" }).click();
  const dialog = page.getByRole("dialog", { name: "Create network" });
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByRole("button", { name: "Create network" }).click();
  await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();
  await other.getByRole("link", { name }).click();
  await expect(other.getByRole("heading", { name: "Add the hub first" })).toBeVisible();

  await page.getByRole("button", { name: "Add a hub" }).click();
  const add = page.getByRole("dialog");
  await add.getByLabel("Name", { exact: true }).fill("hub");
  await add.getByRole("button", { name: "Create", exact: true }).click();
  await expect(page.getByText("Waiting for hub to connect")).toBeVisible();
  await page.getByRole("button", { name: "Close anyway" }).last().click();
  await expect(other.getByRole("row", { name: /hub.*Pending.*Hub/ })).toBeVisible();

  await page.getByRole("button", { name: "Actions for hub" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByLabel("Type hub to confirm").fill("hub");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(other.getByRole("row", { name: /hub/ })).toHaveCount(0);

  await page.getByRole("button", { name: `Actions for ${name}` }).click();
  await page.getByRole("menuitem", { name: "Delete network" }).click();
  await page.getByLabel(`Type ${name} to confirm`).fill(name);
  await page.getByRole("dialog").getByRole("button", { name: "Delete network" }).click();
  await expect(other.getByRole("heading", { name: "This network is gone" })).toBeVisible();
  expect(wrong).toEqual([]);
  await second.close();
});

test("filters live in the address, and no results is not nothing", async ({ page }) => {
  const network = await aNetwork("filter");
  for (const name of ["alpha", "beta"]) {
    await api("POST", `/networks/${network.id}/peers`, { kind: "dynamic", name });
  }
  await signIn(page, `/networks/${network.id}`);

  await page.getByLabel("Search name, address, endpoint").fill("alp");
  await expect(page.getByText("1 of 2 peers")).toBeVisible();
  await expect(page).toHaveURL(/\?q=alp$/);
  await page.getByLabel("Kind").selectOption("jump");
  await expect(page.getByRole("heading", { name: "Nothing matches" })).toBeVisible();
  await page.getByRole("button", { name: "Clear search and filters" }).click();

  await expect(page.getByText("2 peers")).toBeVisible();
  await expect(page).toHaveURL(`/networks/${network.id}`);
});

test("everything can be done by keyboard, and a new page takes the focus", async ({ page }) => {
  const network = await aNetwork("keys");
  await signIn(page);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the content" })).toBeFocused();

  await page.getByRole("link", { name: network.name }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: network.name, level: 1 })).toBeVisible();
  await expect(page.getByRole("main")).toBeFocused();

  await page.getByRole("button", { name: "Add a hub" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog").getByLabel("Name", { exact: true })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Add a hub" })).toBeFocused();
});
