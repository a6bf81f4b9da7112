import { expect, test } from "vitest";
import { enrollCommand, INSTALL_COMMAND } from "@/lib/commands";

test("the command hands the token to standard input, and says when it goes out in clear", () => {
  const at = (url: string) => enrollCommand(new URL(url) as unknown as Location, "T.O.KEN");

  expect(at("https://vpn.example.com")).toBe(
    " echo T.O.KEN | sudo wirety-agent enroll --server https://vpn.example.com --token - && sudo systemctl enable --now wirety-agent wirety-agent-seal",
  );
  expect(at("http://127.0.0.1:8080")).not.toContain("--insecure");
  expect(at("http://10.0.0.1:8080")).toContain("--insecure");
});

test("both units are installed, and networkd is told to leave the agent's rules and routes alone", () => {
  for (const file of ["wirety-agent.service", "wirety-agent-seal.service", "networkd.conf"]) {
    expect(INSTALL_COMMAND).toContain(`agent/packaging/${file} `);
  }
});
