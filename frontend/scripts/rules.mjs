/** Writes who may call what, as the contract says, to src/api/rules.ts; `--check` only compares. */
import { readFileSync, writeFileSync } from "node:fs";

const METHODS = ["get", "post", "put", "patch", "delete"];
const RULES = "src/api/rules.ts";

const { paths } = JSON.parse(readFileSync("../docs/openapi.json", "utf8"));
const lines = Object.entries(paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method]?.["x-roles"]).map((method) => {
    const roles = item[method]["x-roles"].map((role) => JSON.stringify(role)).join(", ");
    const call = JSON.stringify(`${method.toUpperCase()} ${path}`);
    return `  ${call}: { roles: [${roles}], networks: ${JSON.stringify(item[method]["x-networks"])} },\n`;
  }),
);
const text = `/** Who may call what, from docs/openapi.json by \`npm run types\`. Do not edit. */
export const RULES = {
${lines.join("")}} as const;
`;

if (!process.argv.includes("--check")) {
  writeFileSync(RULES, text);
} else if (readFileSync(RULES, "utf8") !== text) {
  console.error(`${RULES} is not what the contract says. Run: make schema`);
  process.exit(1);
}
