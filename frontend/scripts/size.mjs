/** What the browser loads, gzipped, against the budget; `--json` for scripts. Reads Vite's manifest. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const BUDGET_KB = { javascript: 250, css: 25, lazy: 60 };
const directory = process.argv.find((argument, at) => at > 1 && !argument.startsWith("--")) ?? "dist";
const manifest = JSON.parse(readFileSync(join(directory, ".vite/manifest.json"), "utf8"));
const kilobytes = (file) => gzipSync(readFileSync(join(directory, file)), { level: 9 }).length / 1024;

/** A chunk and all it imports at once; routes that are opened first come on top. */
function closure(name, seen = new Set()) {
  if (!seen.has(name)) {
    seen.add(name);
    for (const next of manifest[name].imports ?? []) closure(next, seen);
  }
  return seen;
}

const FIRST_PAGE = ["index.html", "src/app/router.tsx", "src/features/networks/NetworksPage.tsx"];
const initial = new Set(FIRST_PAGE.flatMap((name) => [...closure(name)]));
const files = (names) => [...new Set(names.map((name) => manifest[name].file))].filter((file) => file.endsWith(".js"));
const styles = new Set(Object.values(manifest).flatMap((chunk) => chunk.css ?? []));
const lazy = Object.keys(manifest).filter((name) => !initial.has(name));
const sum = (list) => [...list].reduce((total, file) => total + kilobytes(file), 0);
const measured = {
  javascript: sum(files([...initial])),
  css: sum(styles),
  lazy: Math.max(0, ...files(lazy).map(kilobytes)),
};
const report = Object.fromEntries(
  Object.entries(measured).map(([what, kb]) => [what, { kb: Math.round(kb * 10) / 10, budget_kb: BUDGET_KB[what] }]),
);
if (process.argv.includes("--json")) console.log(JSON.stringify(report));
else for (const [what, { kb, budget_kb }] of Object.entries(report)) console.log(`${what}: ${kb} KB of ${budget_kb}`);
process.exit(Object.values(report).some(({ kb, budget_kb }) => kb > budget_kb) ? 1 : 0);
