import { act, screen, waitFor } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { newCache } from "@/api/cache";
import type { Peer } from "@/api/shapes";
import { show } from "@/test/render";
import { aPeer } from "@/test/values";
import { peersKey } from "./api";
import { EnrollPanel } from "./EnrollPanel";

const HUB = aPeer({ id: "jmp_1", kind: "jump", name: "hub", public_key: "k", listen_port: 51820 });

test("the panel turns to connected by itself, and the command is gone then", async () => {
  const cache = newCache();
  cache.setQueryData(peersKey("net_1"), [HUB]);
  const enrollment = { peer: HUB, token: "wirety_enroll.x.y", expiresAt: "2026-01-02T00:00:00Z" };
  show(<EnrollPanel enrollment={enrollment} onClose={() => {}} />, { cache });
  expect(await screen.findByText(/wirety_enroll\.x\.y/)).toBeTruthy();
  expect(screen.getByRole("status").textContent).toContain("has enrolled");

  act(() => {
    cache.setQueryData<Peer[]>(peersKey("net_1"), [{ ...HUB, status: "online" }]);
  });

  await waitFor(() => expect(screen.getByRole("status").textContent).toContain("hub is connected"));
  expect(screen.queryByText(/wirety_enroll/)).toBeNull();
});

test("a hub that does not come within a minute raises the question of its port", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const cache = newCache();
  const mapped = { ...HUB, published_port: 443 };
  cache.setQueryData(peersKey("net_1"), [mapped]);
  const enrollment = { peer: mapped, token: "t.o.k", expiresAt: "2026-01-02T00:00:00Z" };
  show(<EnrollPanel enrollment={enrollment} onClose={() => {}} />, { cache });
  await screen.findByText(/t\.o\.k/);
  expect(screen.queryByText("Is UDP 51820 open?")).toBeNull();

  await act(() => vi.advanceTimersByTimeAsync(60_000));

  expect(screen.getByText("Is UDP 51820 open?")).toBeTruthy();
  expect(screen.getByText(/maps UDP 443 to it must send that on to UDP 51820/)).toBeTruthy();
  vi.useRealTimers();
});
