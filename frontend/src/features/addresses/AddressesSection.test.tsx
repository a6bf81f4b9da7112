import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Allocation, Reservation } from "@/api/shapes";
import { listOf, plays, refusal } from "@/test/answers";
import { show } from "@/test/render";
import AddressesSection from "./AddressesSection";

const SPARE: Reservation = { first: "10.20.0.8", last: "10.20.0.9", note: "printers", replayed: false };
const COUNTS = { usable: 14, allocated: 1, reserved: 2, quarantined: 1, available: 10 };
const HELD: Allocation = {
  address: "10.20.0.1",
  address_v6: null,
  state: "held",
  peer_id: "jmp_1",
  peer_name: "hub",
  freed_at: null,
  available_at: null,
};
const LEFT: Allocation = {
  ...HELD,
  address: "10.20.0.2",
  state: "quarantined",
  peer_id: null,
  peer_name: null,
  available_at: "2036-01-01T12:00:00Z",
};

function played(...reservations: Reservation[]) {
  plays("get", "/networks/net_1/capacity", () => ({
    cidr: "10.20.0.0/28",
    cidr_v6: null,
    ipv4: COUNTS,
    ipv6: null,
    reservations,
  }));
  plays("get", "/networks/net_1/allocations", listOf([HELD, LEFT]));
}

test("the picture says whose a block is, to those who point and to those who go by keys", async () => {
  played(SPARE);
  show(<AddressesSection />);
  const picture = within(await screen.findByRole("group", { name: /^The range/ }));
  const person = userEvent.setup();

  expect(picture.getAllByRole("button")).toHaveLength(16);
  await person.hover(picture.getByRole("button", { name: "10.20.0.1: held by hub" }));
  expect(screen.getByText("10.20.0.1: held by hub")).toBeTruthy();
  picture.getByRole("button", { name: /^10\.20\.0\.0/ }).focus();
  await person.keyboard("{ArrowRight}{ArrowRight}");
  expect(document.activeElement?.getAttribute("aria-label")).toBe("10.20.0.2: In quarantine");
  expect(screen.getByRole("row", { name: /10\.20\.0\.2.*deleted peer/ })).toBeTruthy();
});

test("a range is reserved; what the API refuses stands on its field and nothing is lost", async () => {
  played();
  const sent = plays(
    "post",
    "/networks/net_1/reservations",
    refusal(409, "address_in_use", "10.20.0.1 is held by hub."),
    409,
  );
  show(<AddressesSection />);
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Reserve a range" }));
  const dialog = within(await screen.findByRole("dialog"));
  await person.type(dialog.getByLabelText("First address"), "10.20.0.1");
  await person.type(dialog.getByLabelText("Why (optional)"), "printers");
  await person.click(dialog.getByRole("button", { name: "Reserve a range" }));

  expect(await dialog.findByText("10.20.0.1 is held by hub.")).toBeTruthy();
  expect((dialog.getByLabelText("Why (optional)") as HTMLInputElement).value).toBe("printers");
  expect(sent).toEqual([{ first: "10.20.0.1", last: null, note: "printers" }]);
});

test("a range is released after it was asked about", async () => {
  played(SPARE);
  const sent = plays("delete", "/networks/net_1/reservations", () => undefined);
  show(<AddressesSection />);
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Release 10.20.0.8 to 10.20.0.9" }));
  await person.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Release" }));

  await waitFor(() => expect(sent).toEqual([{ first: "10.20.0.8", last: "10.20.0.9" }]));
});

test("who may only read is offered neither", async () => {
  played(SPARE);
  show(<AddressesSection />, { role: "auditor" });

  expect(await screen.findByText("printers")).toBeTruthy();
  expect(screen.queryByRole("button", { name: /^(Reserve a|Release)/ })).toBeNull();
});
