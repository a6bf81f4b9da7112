import { expect, test } from "vitest";
import { enrollCommand } from "@/lib/commands";

test("the command hands the token to standard input, and says when it goes out in clear", () => {
  const at = (url: string) => enrollCommand(new URL(url) as unknown as Location, "T.O.KEN");

  expect(at("https://vpn.example.com")).toBe(
    " echo T.O.KEN | sudo wirety-agent enroll --server https://vpn.example.com --token - && sudo systemctl enable --now wirety-agent",
  );
  expect(at("http://127.0.0.1:8080")).not.toContain("--insecure");
  expect(at("http://10.0.0.1:8080")).toContain("--insecure");
});
