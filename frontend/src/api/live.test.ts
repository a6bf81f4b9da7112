import { HttpResponse, http, ws } from "msw";
import { expect, test, vi } from "vitest";
import { newCache } from "@/api/cache";
import { Live } from "@/api/live";
import { ME } from "@/api/me";
import { API, api } from "@/test/render";
import { server } from "@/test/setup";

test("when one's account changes, who one is is asked again, and a new ticket is taken", async () => {
  let tickets = 0;
  const sockets = ws.link("ws://localhost:3000/ws");
  server.use(
    http.post(`${API}/ws/tickets`, () => {
      tickets += 1;
      return HttpResponse.json({ ticket: `t${tickets}`, expires_at: "2036-01-01T00:00:00Z" }, { status: 201 });
    }),
    sockets.addEventListener("connection", ({ client }) => {
      if (tickets === 1) client.addEventListener("message", () => client.send('{"type":"account_changed"}'));
    }),
  );
  const cache = newCache();
  cache.setQueryData(ME, {});
  const live = new Live(api, cache, "/ws", []);

  await vi.waitFor(() => expect(tickets).toBe(2), { timeout: 10_000 });
  expect(cache.getQueryState(ME)?.isInvalidated).toBe(true);
  live.stop();
});
