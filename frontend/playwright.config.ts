/** Debian's Chromium against a running system; WIRETY_INFO names its wirety.json. */
import { defineConfig } from "@playwright/test";
import { info } from "./e2e/info";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export default defineConfig({
  testDir: "e2e",
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  outputDir: process.env.WIRETY_E2E_OUTPUT ?? "../build/e2e",
  use: {
    baseURL: info.console_url,
    launchOptions: { executablePath: "/usr/bin/chromium", args: FLAGS },
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    permissions: ["clipboard-read", "clipboard-write"],
  },
});
