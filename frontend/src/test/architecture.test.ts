/** What the rooms of the console promise of one another. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { texts as frame } from "@/app/frameTexts";
import { texts as shared } from "@/components/texts";
import { english } from "@/test/english";

const SRC = join(process.cwd(), "src");
const FILES = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((path) => /\.tsx?$/.test(path));
const FEATURES = readdirSync(join(SRC, "features"));

const FORBIDDEN = [
  ["src/features/peers", "@/features/networks/api"],
  ["src/features/peers", "../networks/api"],
  ["src/features/peers", "@/app/theme"],
  ["src/components", "@/features/peers/api"],
  ["src/components", "@/app/theme"],
  ["src/api", "@/features/peers/api"],
  ["src/lib", "@/components/Page"],
  ["src/lib", "@/api/client"],
] as const;
const ALLOWED = [
  ["src/features/peers", "./api"],
  ["src/features/peers", "@/components/Page"],
  ["src/app", "@/features/peers/api"],
  ["src/lib", "@/api/schema"],
] as const;

/** The files, by name, in which the linter finds an import that their room may not make. */
function refused(files: Readonly<Record<string, string>>): string[] {
  const directory = mkdtempSync(join(tmpdir(), "zones-"));
  copyFileSync("biome.json", join(directory, "biome.json"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(directory, dirname(path)), { recursive: true });
    writeFileSync(join(directory, path), `${text}\n`);
  }
  const biome = join(process.cwd(), "node_modules/.bin/biome");
  const { stdout } = spawnSync(
    biome,
    ["lint", "--only=style/noRestrictedImports", "--reporter=github", "--max-diagnostics=none"],
    {
      cwd: directory,
      encoding: "utf8",
    },
  );
  rmSync(directory, { recursive: true });
  return [...stdout.matchAll(/noRestrictedImports,file=(?:[^,]*\/)?(src\/[^,]+),/g)].map(([, path]) => path ?? "");
}

test("the linter refuses an import from one feature to another, and those that point up", () => {
  const forms = [
    (from: string) => `import { thing } from "${from}";\nexport const one = thing;`,
    (from: string) => `import type { Thing } from "${from}";\nexport type One = Thing;`,
    (from: string) => `export { thing } from "${from}";`,
    (from: string) => `export const one = () => import("${from}");`,
  ];
  const files = (pairs: ReadonlyArray<readonly [string, string]>, name: string) =>
    Object.fromEntries(
      pairs.flatMap(([room, from], at) => forms.map((form, n) => [`${room}/${name}${at}_${n}.ts`, form(from)])),
    );
  const wrong = files(FORBIDDEN, "wrong");

  const found = refused({ ...wrong, ...files(ALLOWED, "right") });

  expect([...new Set(found)].sort()).toEqual(Object.keys(wrong).sort());
});

test("no two modules of a folder differ in the case of their letters alone", () => {
  const names = FILES.map((path) => join(dirname(path), basename(path).replace(/\.tsx?$/, "")).toLowerCase());

  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});

test("every feature has its routes and texts, and what it reads and writes of the API in one file", () => {
  for (const feature of FEATURES) {
    const files = readdirSync(join(SRC, "features", feature));
    expect(files).toEqual(expect.arrayContaining(["api.ts", "routes.tsx", "texts.ts"]));
  }
  const calls = /\bapi\.(GET|POST|PUT|PATCH|DELETE)\(/;
  const callers = FILES.filter((path) => !path.includes(".test.") && calls.test(readFileSync(join(SRC, path), "utf8")));
  expect(callers.filter((path) => !/^features\/\w+\/api\.ts$/.test(path)).sort()).toEqual([
    "api/live.ts",
    "api/me.ts",
    "api/networks.ts",
    "app/signIn.ts",
  ]);
});

test("the frames that a feature reads are handed to it, or nothing but a visit reads its data again", () => {
  const entered = readFileSync(join(SRC, "app/news.ts"), "utf8");
  const has = (feature: string, file: string) => FILES.includes(`features/${feature}/${file}`);
  const unread = FEATURES.filter((feature) => has(feature, "news.ts")).filter(
    (feature) => !entered.includes(`@/features/${feature}/news"`),
  );
  const stale = FEATURES.filter(
    (feature) =>
      !has(feature, "news.ts") &&
      !readFileSync(join(SRC, "features", feature, "api.ts"), "utf8").includes("...UNPUSHED"),
  );

  expect(unread).toEqual([]);
  expect(stale).toEqual([]);
});

/** The texts that a file says by their whole names, or by names that end in a variable. */
function said(source: string): string[] {
  const whole = [...source.matchAll(/\bt\(\s*"([\w.]+)"/g)].map(([, key]) => key ?? "");
  const begun = [...source.matchAll(/\bt\(\s*`([\w.]+)\$\{/g)].map(([, key]) => key ?? "");
  return [...whole, ...begun];
}

function exists(key: string): boolean {
  const parts = key.split(".").filter(Boolean);
  let room: unknown = english;
  for (const [at, part] of parts.entries()) {
    const texts = room as Record<string, unknown>;
    const isLast = at === parts.length - 1;
    const isBegun = isLast && Object.keys(texts).some((name) => name.startsWith(part));
    if (!(part in texts) && !isBegun) return false;
    room = texts[part];
  }
  return true;
}

test("every text that is said exists", () => {
  const missing = FILES.flatMap((path) =>
    said(readFileSync(join(SRC, path), "utf8"))
      .filter((key) => !exists(key))
      .map((key) => `${path}: ${key}`),
  );

  expect(missing).toEqual([]);
});

test("a feature says its own texts and the shared ones, components the shared ones alone", async () => {
  const own = new Map<string, string[]>([
    ["components", Object.keys(shared)],
    ["lib", Object.keys(shared)],
  ]);
  for (const feature of FEATURES) {
    const { texts } = (await import(`../features/${feature}/texts.ts`)) as { texts: object };
    own.set(`features/${feature}`, [...Object.keys(texts), ...Object.keys(shared)]);
  }
  const crossed = [...own].flatMap(([room, rooms]) =>
    FILES.filter((path) => path.startsWith(`${room}/`)).flatMap((path) =>
      said(readFileSync(join(SRC, path), "utf8"))
        .filter((key) => !rooms.includes(key.split(".")[0] ?? ""))
        .map((key) => `${path}: ${key}`),
    ),
  );

  expect(crossed).toEqual([]);
  expect(Object.keys(frame).filter((room) => room in shared)).toEqual([]);
});
