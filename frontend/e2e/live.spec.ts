import { aNetwork, api, expect, signIn, test } from "./support";

test("a cut socket is seen, comes back by itself, and what was missed is read", async ({ page }) => {
  const network = await aNetwork("cut");
  let isCut = false;
  await page.routeWebSocket(/\/ws\?ticket=/, (socket) => {
    if (isCut) return void socket.close();
    const server = socket.connectToServer();
    const timer = setInterval(() => {
      if (!isCut) return;
      clearInterval(timer);
      void server.close();
      void socket.close();
    }, 50);
  });
  await signIn(page, `/networks/${network.id}`);

  isCut = true;
  await expect(page.getByText("Reconnecting", { exact: true })).toBeVisible();
  await api("POST", `/networks/${network.id}/peers`, { kind: "dynamic", name: "missed" });
  await expect(page.getByRole("row", { name: /missed/ })).toHaveCount(0);

  isCut = false;
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await expect(page.getByRole("row", { name: /missed/ })).toBeVisible();
});

test("each socket takes a ticket of its own, and none of the session's tokens is in its address", async ({ page }) => {
  const addresses: string[] = [];
  page.on("websocket", (socket) => addresses.push(socket.url()));
  await signIn(page);

  expect(addresses.length).toBeGreaterThan(0);
  for (const address of addresses) expect(address).toMatch(/\/ws\?ticket=wirety_ticket\.[^&]+$/);
  expect(new Set(addresses).size).toBe(addresses.length);
});

test("a burst of changes causes few requests, and the page keeps up", async ({ page }) => {
  const network = await aNetwork("burst");
  await api("POST", `/networks/${network.id}/peers`, { kind: "dynamic", name: "first" });
  await signIn(page, `/networks/${network.id}`);
  await expect(page.getByRole("row", { name: /first/ })).toBeVisible();
  let reads = 0;
  page.on("request", (request) => {
    if (request.url().includes("/api/v1/networks")) reads += 1;
  });

  for (let n = 0; n < 20; n++) {
    await api("POST", `/networks/${network.id}/peers`, { kind: "dynamic", name: `peer ${n}` });
  }

  await expect(page.getByText("21 peers")).toBeVisible();
  expect(reads).toBeLessThanOrEqual(24); // one a peer at most, and lists where more came together
});
