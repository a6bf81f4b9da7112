import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { newCache } from "@/api/cache";
import { plays } from "@/test/answers";
import { show } from "@/test/render";
import { aNetwork, aPeer } from "@/test/values";
import { peersKey } from "./api";
import { WaitingPeers } from "./WaitingPeers";

const waits = (id: string, name: string) => ({ ...aPeer({ id, name }), status: "pending_approval" });

function withWaiting() {
  const cache = newCache();
  cache.setQueryData(peersKey("net_1"), [
    waits("dyn_1", "web"),
    waits("dyn_2", "mail"),
    aPeer({ id: "dyn_3", name: "db" }),
  ]);
  return { cache };
}

test("hosts that wait are let in or refused, one by one", async () => {
  const approved = plays("post", "/networks/net_1/peers/dyn_1/approve", () =>
    aPeer({ id: "dyn_1", name: "web", status: "online", revision: 3 }),
  );
  const refused = plays("delete", "/networks/net_1/peers/dyn_2", () => undefined);
  show(<WaitingPeers network={aNetwork()} />, withWaiting());
  const person = userEvent.setup();
  expect(await screen.findByRole("region", { name: "2 hosts wait for approval" })).toBeTruthy();
  await person.click(screen.getByRole("button", { name: "Approve web" }));
  expect(await screen.findByRole("region", { name: "1 host waits for approval" })).toBeTruthy();
  await person.click(screen.getByRole("button", { name: "Refuse mail" }));
  await person.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Refuse" }));

  await waitFor(() => expect(screen.queryByRole("region")).toBeNull());
  expect([approved, refused].map((calls) => calls.length)).toEqual([1, 1]);
});

test("who may not approve sees who waits", async () => {
  show(<WaitingPeers network={aNetwork()} />, { ...withWaiting(), role: "auditor" });

  expect(await screen.findByText("web")).toBeTruthy();
  expect(screen.queryByRole("button")).toBeNull();
});
