import { aNetwork, anEnrolledHub, api, expect, isAccessible, signIn, test } from "./support";

type Capacity = { ipv4: { allocated: number; reserved: number; quarantined: number } };

test("a range is seen, reserved and released, and another browser sees it move", async ({ page, browser }) => {
  const network = await aNetwork("range");
  await anEnrolledHub(network.id);
  const base = network.cidr.replace(/\d+\/\d+$/, "");
  await signIn(page, `/networks/${network.id}/addresses`);
  const other = await (await browser.newContext()).newPage();
  await signIn(other, `/networks/${network.id}/addresses`);

  await expect(page.getByRole("button", { name: `${base}1: held by hub` })).toBeVisible();
  await isAccessible(page);

  // a range that is taken is refused on its field, a free one is reserved
  await page.getByRole("button", { name: "Reserve a range" }).click();
  const dialog = page.getByRole("dialog", { name: "Reserve a range" });
  await dialog.getByLabel("First address").fill(`${base}200`);
  await dialog.getByLabel("Last address").fill(`${base}100`);
  await dialog.getByRole("button", { name: "Reserve a range" }).click();
  await expect(dialog.getByLabel("Last address")).toHaveAttribute("aria-invalid", "true");
  await isAccessible(page);
  await dialog.getByLabel("Last address").fill(`${base}203`);
  await dialog.getByLabel("Why").fill("printers");
  await dialog.getByRole("button", { name: "Reserve a range" }).click();
  await expect(dialog).toHaveCount(0);
  for (const one of [page, other]) {
    await expect(one.getByText(`${base}200 to ${base}203`, { exact: true })).toBeVisible();
    await expect(one.getByRole("button", { name: `${base}202: Reserved` })).toBeVisible();
  }

  // a peer that goes leaves its address in quarantine, as another sees it happen
  const made = await api<{ peer: { id: string; address: string } }>("POST", `/networks/${network.id}/peers`, {
    kind: "dynamic",
    name: "web",
  });
  await expect(other.getByRole("row", { name: new RegExp(`${made.peer.address}.*web.*Held`) })).toBeVisible();
  await api("DELETE", `/networks/${network.id}/peers/${made.peer.id}`);
  await expect(other.getByRole("row", { name: new RegExp(`${made.peer.address}.*In quarantine`) })).toBeVisible();

  // released, by keyboard
  await page.getByRole("button", { name: `Release ${base}200` }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Release" }).click();
  await expect(other.getByText("No range is reserved.")).toBeVisible();
  const { ipv4 } = await api<Capacity>("GET", `/networks/${network.id}/capacity`);
  expect(ipv4).toMatchObject({ reserved: 0, quarantined: 1 });
});
