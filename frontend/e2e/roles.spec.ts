import type { Page } from "@playwright/test";
import {
  aMachine,
  aNetwork,
  anEnrolledHub,
  api,
  comeInvited,
  enterCredentials,
  expect,
  isAccessible,
  test,
} from "./support";

type Network = Awaited<ReturnType<typeof aNetwork>>;

const pages = (page: Page) => page.getByRole("navigation", { name: "Pages" }).getByRole("link");

async function setLimit(member_peer_limit: number): Promise<() => Promise<unknown>> {
  const before = await api<{ default_role: string | null; member_peer_limit: number }>("GET", "/settings");
  const { default_role } = before;
  await api("PUT", "/settings", { default_role, member_peer_limit });
  return () => api("PUT", "/settings", { default_role, member_peer_limit: before.member_peer_limit });
}

/** Hosts that joined by a key that asks for approval. */
async function theyWait(network: Network, ...hostnames: string[]): Promise<void> {
  const made = await api<{ secret: string }>("POST", `/networks/${network.id}/join-keys`, {
    name: "hosts",
    needs_approval: true,
  });
  for (const hostname of hostnames) await api("POST", "/agent/join", { key: made.secret, ...aMachine(hostname) });
}

test("a member sees their own devices only, gets line and file once, and is told of the limit", async ({ page }) => {
  const network = await aNetwork("member");
  await anEnrolledHub(network.id);
  await api("POST", `/networks/${network.id}/peers`, { kind: "dynamic", name: "of somebody else" });
  const restore = await setLimit(2);
  try {
    const { email, password } = await comeInvited(page, "member", [network.id]);
    await expect(page.getByRole("heading", { name: "Connect your first device" })).toBeVisible();
    await expect(pages(page)).toHaveText(["My devices", "API tokens", "Audit"]);
    await isAccessible(page);

    // this computer, by a line
    await page.getByRole("button", { name: "Add this computer" }).click();
    const add = page.getByRole("dialog");
    await add.getByLabel("Name").fill("laptop");
    await isAccessible(page);
    await add.getByRole("button", { name: "Create" }).click();
    await expect(page.getByText("It will not be shown again")).toBeVisible();
    await page.getByRole("button", { name: "Copy command" }).last().click();
    const line = await page.evaluate(() => navigator.clipboard.readText());
    const token = /wirety_enroll\.\S+/.exec(line)?.[0] ?? "";
    expect(token).not.toBe("");
    await isAccessible(page);
    await api("POST", "/agent/enroll", { token, ...aMachine("laptop") });
    await expect(page.getByText("laptop has enrolled and starts its tunnel")).toBeVisible();
    await page.getByRole("button", { name: "Close anyway" }).last().click();
    await expect(page.getByRole("heading", { name: "laptop" })).toBeVisible();
    expect(await page.content()).not.toContain(token);

    // a phone, by a code
    await page.getByRole("button", { name: "Add a phone" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("phone");
    await page.getByRole("dialog").getByRole("button", { name: "Make keys and file" }).click();
    await expect(page.getByRole("img", { name: /^QR code/ })).toBeVisible();
    await isAccessible(page);
    await page.getByRole("button", { name: "I have it" }).last().click();
    await expect(page.getByRole("img", { name: /^QR code/ })).toHaveCount(0);
    expect(await page.content()).not.toContain("PrivateKey");

    // one more than they may own
    await page.getByRole("button", { name: "Add a phone" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("tablet");
    await page.getByRole("dialog").getByRole("button", { name: "Make keys and file" }).click();
    await expect(page.getByRole("alert")).toContainText(/2 (devices|peers)/);
    await expect(page.getByRole("dialog").getByLabel("Name")).toHaveValue("tablet");
    await isAccessible(page);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("listitem").getByRole("heading")).toHaveText(["laptop", "phone"]);
    await expect(page.getByText("of somebody else")).toHaveCount(0);

    // what others do to theirs is seen as it happens, without reading the page again
    const { items } = await api<{ items: Array<{ id: string; name: string }> }>("GET", `/networks/${network.id}/peers`);
    const phone = items.find(({ name }) => name === "phone");
    await api("PATCH", `/networks/${network.id}/peers/${phone?.id}`, { name: "work phone" });
    await expect(page.getByRole("heading", { name: "work phone" })).toBeVisible();
    await api("DELETE", `/networks/${network.id}/peers/${phone?.id}`);
    await expect(page.getByRole("heading", { name: "work phone" })).toHaveCount(0);

    // a page that is not theirs
    await page.goto(`/networks/${network.id}`);
    await enterCredentials(page, email, password);
    await expect(page.getByText("Your role does not include this")).toBeVisible();
    await isAccessible(page);
  } finally {
    await restore();
  }
});

test("an auditor reads everything and is offered nothing that changes it", async ({ page }) => {
  const network = await aNetwork("auditor");
  await anEnrolledHub(network.id);
  await theyWait(network, "waits");
  await comeInvited(page, "auditor", [network.id]);
  const mayNot = /^(Create|Add|Invite|Delete|Remove|Rename|Approve|Refuse|Suspend|Save|Select|Revoke)\b/;
  const isOffered = async () => {
    for (const role of ["button", "checkbox", "menuitem"] as const) {
      await expect(page.getByRole(role, { name: mayNot })).toHaveCount(0);
    }
  };

  await expect(pages(page)).toHaveText(["Networks", "API tokens", "Audit"]);
  await isOffered();
  await page.getByRole("link", { name: network.name }).click();
  await expect(page.getByRole("row", { name: /hub/ })).toBeVisible();
  await expect(page.getByRole("region", { name: "1 host waits for approval" })).toBeVisible();
  await isOffered();
  await isAccessible(page);
  await page.getByRole("button", { name: "Actions for hub" }).click();
  await expect(page.getByRole("menuitem", { name: "Copy address" })).toBeVisible();
  await isOffered();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Join keys" }).click();
  await expect(page.getByRole("row", { name: /hosts/ })).toBeVisible();
  await isOffered();
  await isAccessible(page);
  await page.getByRole("link", { name: "Changes" }).click();
  await expect(page.getByRole("list", { name: "Changes" })).toBeVisible();
  await isOffered();
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Audit" }).click();
  await expect(page.getByRole("button", { name: "Export" })).toBeVisible();
  await isOffered();
  await isAccessible(page);
});

test("an operator lets one host in and refuses another, and sees the list go empty", async ({ page }) => {
  const network = await aNetwork("operator");
  await comeInvited(page, "operator", [network.id]);
  await expect(pages(page)).toHaveText(["Networks", "API tokens", "Audit"]);
  await page.getByRole("link", { name: network.name }).click();
  await expect(page.getByRole("heading", { name: "Add the hub first" })).toBeVisible();

  await theyWait(network, "web", "stranger");

  const waiting = page.getByRole("region", { name: "2 hosts wait for approval" });
  await expect(waiting).toBeVisible();
  await isAccessible(page);
  await waiting.getByRole("button", { name: "Approve web" }).click();
  await expect(page.getByRole("region", { name: "1 host waits for approval" })).toBeVisible();
  await page.getByRole("button", { name: "Refuse stranger" }).click();
  await isAccessible(page);
  await page.getByRole("dialog").getByRole("button", { name: "Refuse" }).click();
  await expect(page.getByRole("region", { name: /approval/ })).toHaveCount(0);
  await expect(page.getByRole("row", { name: /web/ })).toBeVisible();
  const { items } = await api<{ items: object[] }>("GET", `/networks/${network.id}/peers`);
  expect(items).toMatchObject([{ name: "web" }]);
});

test("who is suspended is told at once and sees nothing any more, and goes on where they were when let in again", async ({
  page,
}) => {
  const network = await aNetwork("suspended");
  await anEnrolledHub(network.id);
  const person = await comeInvited(page, "operator", [network.id]);
  await page.getByRole("link", { name: network.name }).click();
  await expect(page.getByRole("row", { name: /hub/ })).toBeVisible();

  await api("PATCH", `/users/${person.id}`, { is_suspended: true });

  await expect(page.getByRole("alert")).toContainText("You have no access any more");
  await expect(page.getByRole("row", { name: /hub/ })).toHaveCount(0);
  await isAccessible(page);

  await api("PATCH", `/users/${person.id}`, { is_suspended: false });

  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await expect(page.getByText("You have no access any more")).toHaveCount(0);
  await expect(page.getByRole("row", { name: /hub/ })).toBeVisible();
});
