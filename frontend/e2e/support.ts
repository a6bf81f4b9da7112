/** What the specs share: people who sign in, what is seen of a page, and pages that must obey their content policy. */
import { randomBytes } from "node:crypto";
import AxeBuilder from "@axe-core/playwright";
import { type BrowserContext, test as base, expect, type Page } from "@playwright/test";
import { info } from "./info";

/** Every page of a spec is watched: a violation of the policy, or an error nobody caught, fails it. */
export const test = base.extend<{ watch: undefined }>({
  watch: [
    async ({ context }, use) => {
      const wrong = watched(context);
      await use(undefined);
      expect(wrong).toEqual([]);
    },
    { auto: true },
  ],
});

export function watched(context: BrowserContext): string[] {
  const wrong: string[] = [];
  context.on("page", (page) => {
    page.on("pageerror", (error) => wrong.push(error.message));
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) wrong.push(message.text());
    });
  });
  return wrong;
}

/** Fills in the pool's hosted page. */
export async function enterCredentials(page: Page, email = info.admin_email, password = info.admin_password) {
  await page.locator("input[name=username]").fill(email);
  await page.locator("input[name=password]").fill(password);
  await page.locator("button[type=submit]").first().click();
}

/** The administrator signed in, looking at the networks, live. */
export async function signIn(page: Page, path = "/networks"): Promise<void> {
  await page.goto(path);
  await enterCredentials(page);
  await isLive(page);
}

async function isLive(page: Page): Promise<void> {
  await expect(page.getByRole("main")).toBeVisible();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
}

export type Person = { id: string; email: string; password: string };

/** Somebody is invited, comes by what the pool mailed them, chooses a password, and is signed in, live. */
export async function comeInvited(
  page: Page,
  role: "operator" | "auditor" | "member",
  networks: string[],
): Promise<Person> {
  const email = `${role}-${Date.now().toString(36)}@example.com`;
  await api("POST", "/users", { email, role, networks });
  const letters = await (await fetch(info.mail_url)).text();
  const mailed = letters.split(`as ${email} with the password `).at(-1)?.split(".</p>")[0] ?? "";
  await page.goto("/");
  await enterCredentials(page, email, mailed);
  const chosen = `aA1-${crypto.randomUUID()}`;
  await page.locator("input[name=new_password]").fill(chosen);
  await page.locator("input[name=confirm_password]").fill(chosen);
  await page.locator("button[type=submit]").first().click();
  await isLive(page);
  const { items } = await api<Listed<Omit<Person, "password">>>("GET", "/users?limit=200");
  const person = items.find((known) => known.email === email);
  if (!person) throw new Error(`${email} signed in and is on no list`);
  return { ...person, password: chosen };
}

/** No finding of axe, in both schemes. */
export async function isAccessible(page: Page): Promise<void> {
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" }); // half-faded text has no contrast
    await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", colorScheme);
    await areStill(page);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${colorScheme}: ${id}: ${html}`))).toEqual(
      [],
    );
  }
}

/** Nothing on the page fades or moves, but for what never ends, as a spinner. */
async function areStill(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    document
      .getAnimations()
      .every((one) => one.playState !== "running" || one.effect?.getComputedTiming().endTime === Infinity),
  );
}

/** Calls the API beside the browser, as a script would. */
export async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(info.api_url + path, {
    method,
    headers: { Authorization: `Bearer ${info.api_token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

type Listed<T> = { items: T[] };

/** A hub that has enrolled, so that files can name it. */
export async function anEnrolledHub(networkId: string): Promise<void> {
  const body = { kind: "jump", name: "hub", endpoint: "203.0.113.10" };
  const { enrollment_token: token } = await api<{ enrollment_token: string }>(
    "POST",
    `/networks/${networkId}/peers`,
    body,
  );
  await api("POST", "/agent/enroll", { token, ...aMachine("hub") });
}

/** What an agent tells of itself when it comes for the first time. */
export function aMachine(hostname: string): object {
  return { public_key: aRandomKey(), device_key: aRandomKey(), host: { hostname, os: "linux", agent_version: "0" } };
}

const aRandomKey = () => randomBytes(32).toString("base64");

/** A network of the spec's own, in a range that nobody else uses. */
export async function aNetwork(name: string): Promise<{ id: string; name: string; cidr: string }> {
  const { items } = await api<Listed<{ cidr: string }>>("GET", "/networks?limit=200");
  const used = new Set(items.map((network) => network.cidr));
  const cidr = Array.from({ length: 256 }, (_, n) => `10.99.${n}.0/24`).find((free) => !used.has(free));
  return api("POST", "/networks", { name: `${name}-${Date.now().toString(36)}`, cidr });
}

export { expect };
