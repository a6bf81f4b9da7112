import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { show } from "@/test/render";
import { aNetwork, aPeer } from "@/test/values";
import AddPeerDialog from "./AddPeerDialog";

const HUB = aPeer({ id: "jmp_1", kind: "jump", name: "hub", public_key: "k", listen_port: 51820 });

test("a file needs a hub with a key first", async () => {
  show(<AddPeerDialog network={aNetwork()} peers={[{ ...HUB, public_key: null }]} kind="static" onClose={() => {}} />);

  expect(await screen.findByText(/A file needs a hub to name/)).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Make keys and file" })).toBeNull();
});
