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

test("several peers are selected by keyboard and deleted at once, and a second browser sees them go", async ({
  page,
  browser,
}) => {
  const network = await aNetwork("bulk");
  for (const name of ["alpha", "beta", "gamma"]) {
    await api("POST", `/networks/${network.id}/peers`, { kind: "dynamic", name });
  }
  await signIn(page, `/networks/${network.id}`);
  const second = await browser.newContext();
  const other = await second.newPage();
  await signIn(other, `/networks/${network.id}`);
  await expect(other.getByText("3 peers")).toBeVisible();

  for (const name of ["alpha", "gamma"]) {
    await page.getByRole("checkbox", { name: `Select ${name}` }).focus();
    await page.keyboard.press("Space");
  }
  await expect(page.getByText("2 selected")).toBeVisible();
  await page.getByRole("button", { name: "Delete peers" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete peers" }).click();

  await expect(page.getByText("1 peer", { exact: true })).toBeVisible();
  await expect(other.getByText("1 peer", { exact: true })).toBeVisible();
  await expect(page.getByText("2 selected")).toHaveCount(0);
  await expect(page.getByRole("row", { name: /beta/ })).toBeVisible();
  await second.close();
});

test("rows are sorted by a click, and a link shows them so again", async ({ page }) => {
  const network = await aNetwork("sort");
  for (const name of ["b", "a", "c"]) await api("POST", `/networks/${network.id}/peers`, { kind: "dynamic", name });
  await signIn(page, `/networks/${network.id}`);

  await page.getByRole("button", { name: "Name" }).click();
  await expect(page).toHaveURL(/\?sort=-name$/);
  await expect(page.getByRole("columnheader", { name: "Name" })).toHaveAttribute("aria-sort", "descending");
  await page.goto("about:blank");
  await signIn(page, `/networks/${network.id}?sort=-name`);

  await expect(page.getByRole("row").nth(1)).toContainText("c");
  await expect(page.getByRole("table", { name: "Peers" })).toHaveAttribute("aria-rowcount", "4");
});

test("a network's changes say who did what, and a new one comes by itself", async ({ page }) => {
  const network = await aNetwork("log");
  await signIn(page, `/networks/${network.id}`);
  await page.getByRole("link", { name: "Changes" }).click();
  const log = page.getByRole("list", { name: "Changes" });
  await expect(log.getByText("Network created")).toBeVisible();

  await api("POST", `/networks/${network.id}/peers`, { kind: "dynamic", name: "late" });

  await expect(log.getByRole("listitem").first()).toContainText(/Peer added.*late/);
  await api("PATCH", `/networks/${network.id}`, { dns: ["9.9.9.9"] });
  await expect(log.getByText("DNS: none → 9.9.9.9")).toBeVisible();
  await page.goto("about:blank");
  await signIn(page, `/networks/${network.id}/changes`);
  await expect(log.getByRole("listitem")).toHaveCount(3);
});
