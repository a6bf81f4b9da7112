/** What the specs share: a person who signs in, and pages that must obey their content policy. */
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
export async function enterCredentials(page: Page): Promise<void> {
  await page.locator("input[name=username]").fill(info.admin_email);
  await page.locator("input[name=password]").fill(info.admin_password);
  await page.locator("button[type=submit]").first().click();
}

/** Somebody signed in, looking at the networks, live. */
export async function signIn(page: Page, path = "/networks"): Promise<void> {
  await page.goto(path);
  await enterCredentials(page);
  await expect(page.getByRole("main")).toBeVisible();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
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

/** A network of the spec's own, in a range that nobody else uses. */
export async function aNetwork(name: string): Promise<{ id: string; name: string; cidr: string }> {
  const { items } = await api<Listed<{ cidr: string }>>("GET", "/networks?limit=200");
  const used = new Set(items.map((network) => network.cidr));
  const cidr = Array.from({ length: 256 }, (_, n) => `10.99.${n}.0/24`).find((free) => !used.has(free));
  return api("POST", "/networks", { name: `${name}-${Date.now().toString(36)}`, cidr });
}

export { expect };
