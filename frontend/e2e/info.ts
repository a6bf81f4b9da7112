/** What the running system says of itself: `.local/wirety.json`. */
import { readFileSync } from "node:fs";

type Info = {
  origin: string;
  api_url: string;
  api_token: string;
  console_url: string;
  admin_email: string;
  admin_password: string;
  mail_url: string;
  agent_command: string;
};

export const info: Info = JSON.parse(readFileSync(process.env.WIRETY_INFO ?? "../.local/wirety.json", "utf8"));
