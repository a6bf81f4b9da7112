/** What the origin says of itself, `/config.json`. */
export type Config = {
  api: string;
  sockets: string;
  issuer: string;
  discovery_url: string;
  client_id: string;
  audience: string;
  scope: string;
};

const NAMES = ["api", "sockets", "issuer", "discovery_url", "client_id", "audience", "scope"] as const;

export async function loadConfig(): Promise<Config> {
  const answer = await fetch("/config.json", { cache: "no-cache" });
  if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
  const said = (await answer.json()) as Record<string, unknown>;
  for (const name of NAMES) {
    if (typeof said[name] !== "string") throw new Error(`config.json names no ${name}`);
  }
  return said as Config;
}
