import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { show } from "@/test/render";
import { FilePanel } from "./FilePanel";

test("a file that is too long for a QR code is still there to download", async () => {
  const text = `[Interface]\n${"x".repeat(3000)}`;
  show(<FilePanel file={{ name: "site", text, notes: [] }} onClose={() => {}} />);

  expect(await screen.findByText(/too long for a QR code/)).toBeTruthy();
  expect(screen.getByRole("button", { name: "Download site.conf" })).toBeTruthy();
});
