import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import jsQR from "jsqr";
import { Hosts } from "./hosts";
import { aNetwork, api, expect, signIn, test } from "./support";

type Peers = { items: Array<{ name: string; public_key: string; status: string }> };

const starting = Hosts.start();
test.beforeAll(async () => {
  await starting;
});
test.afterAll(async () => (await starting).stop());

test("a hub and a host join by the command shown, a phone by its QR code, and a second browser sees it", async ({
  page,
  browser,
}) => {
  const hosts = await starting;
  const network = await aNetwork("real");
  const second = await browser.newContext();
  const other = await second.newPage();
  await signIn(page, `/networks/${network.id}`);
  await signIn(other, `/networks/${network.id}`);

  // the hub
  await page.getByRole("button", { name: "Add a hub" }).click();
  const add = page.getByRole("dialog");
  await add.getByLabel("Name", { exact: true }).fill("hub");
  await add.getByLabel("Public endpoint (optional)").fill("203.0.113.10");
  await add.getByRole("button", { name: "Create", exact: true }).click();
  await expect(page.getByText("will not be shown again")).toBeVisible();
  await page.getByRole("button", { name: "Copy command" }).last().click();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  expect(await hosts.paste("jump", command)).toMatchObject({ code: 0 });
  await expect(page.getByText("hub is connected")).toBeVisible();
  await expect(other.getByRole("row", { name: /hub.*Online/ })).toBeVisible();
  await page.getByRole("button", { name: "Done" }).last().click();
  await expect(page.getByText(command.split(" ")[2] ?? "")).toHaveCount(0);

  // a host behind NAT
  await page.getByRole("button", { name: "Add peer" }).click();
  await page.getByRole("dialog").getByLabel("Name", { exact: true }).fill("web");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("button", { name: "Copy command" }).last().click();
  const again = await page.evaluate(() => navigator.clipboard.readText());
  expect(await hosts.paste("site-a", again)).toMatchObject({ code: 0 });
  await expect(page.getByText("web is connected")).toBeVisible();
  await page.getByRole("button", { name: "Done" }).last().click();
  await expect(other.getByRole("row", { name: /web.*Online/ })).toBeVisible();
  await expect(async () => {
    expect(
      await hosts.paste(
        "site-a",
        "ping -c 1 -W 1 10.99.255.255 || ping -c 1 -W 1 $(wg show all allowed-ips | grep -oE '10[.]99[.][0-9]+[.]0/' | head -1 | sed s,0/,1,)",
      ),
    ).toMatchObject({ code: 0 });
  }).toPass({ timeout: 30_000 });

  // a phone: keys of this browser, file and code once
  const bodies: string[] = [];
  page.on("request", (request) => bodies.push(`${request.url()} ${request.postData() ?? ""}`));
  await page.getByRole("button", { name: "Add peer" }).click();
  await page.getByText("Config file (phone, router)").click();
  await page.getByRole("dialog").getByLabel("Name", { exact: true }).fill("Ana's phone");
  await page.getByRole("button", { name: "Make keys and file" }).click();
  const code = page.getByRole("img", { name: /^QR code/ });
  await expect(code).toBeVisible();
  const downloaded = page.waitForEvent("download");
  await page.getByRole("button", { name: /^Download / }).click();
  const download = await downloaded;
  const file = readFileSync(await download.path(), "utf8");
  expect(download.suggestedFilename()).toMatch(/^[a-zA-Z0-9_=+.-]{1,15}\.conf$/);
  expect(await decoded(page, await code.screenshot())).toBe(file);

  const privateKey = /^PrivateKey = (.+)$/m.exec(file)?.[1] ?? "";
  const { items } = await api<Peers>("GET", `/networks/${network.id}/peers?limit=200`);
  const peer = items.find((known) => known.name === "Ana's phone");
  expect(execFileSync("wg", ["pubkey"], { input: privateKey }).toString().trim()).toBe(peer?.public_key);
  const conf = join(mkdtempSync(join(tmpdir(), "wirety-")), download.suggestedFilename());
  writeFileSync(conf, file, { mode: 0o600 });
  expect(execFileSync("wg-quick", ["strip", conf]).toString()).toContain("AllowedIPs");

  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]));
  expect(kept + bodies.join("\n")).not.toContain(privateKey);
  await page.getByRole("button", { name: "I have it" }).last().click();
  await expect(code).toHaveCount(0);
  expect(await page.content()).not.toContain(privateKey);

  // what was changed, and that it is in force at both
  await other.getByRole("link", { name: "Changes" }).click();
  const newest = other.getByRole("list", { name: "Changes" }).getByRole("listitem").first();
  await expect(newest).toContainText(
    /Peer added.*Ana's phone.*Applied by (its one agent|all 2 agents) .*within [0-9.]+ m?s/,
  );
  await other.getByRole("link", { name: "Peers" }).click();

  // the agent goes: everybody sees it
  await hosts.paste("site-a", "kill $(pgrep -f 'wirety-agent run')");
  await expect(page.getByRole("row", { name: /web.*Offline/ })).toBeVisible();
  await expect(other.getByRole("row", { name: /web.*Offline/ })).toBeVisible();
  await second.close();
});

/** Reads a code from a picture, as a camera would. */
async function decoded(page: import("@playwright/test").Page, png: Buffer): Promise<string | undefined> {
  const { width, height, data } = await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d");
    context?.drawImage(bitmap, 0, 0);
    const image = context?.getImageData(0, 0, bitmap.width, bitmap.height);
    return { width: bitmap.width, height: bitmap.height, data: [...(image?.data ?? [])] };
  }, png.toString("base64"));
  return jsQR(Uint8ClampedArray.from(data), width, height)?.data;
}
