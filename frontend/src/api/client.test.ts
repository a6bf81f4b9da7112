import { HttpResponse, http } from "msw";
import { expect, test, vi } from "vitest";
import { answered, apiClient } from "@/api/client";
import { API } from "@/test/render";
import { server } from "@/test/setup";

const session = () => ({ token: "t0ken", renew: vi.fn(async () => {}) });

test("a call carries the token, and is never kept", async () => {
  let sent: Request | undefined;
  server.use(
    http.get(`${API}/me`, ({ request }) => {
      sent = request;
      return HttpResponse.json({ id: "usr_1" });
    }),
  );

  await answered(apiClient(API, session()).GET("/me"));

  expect(sent?.headers.get("Authorization")).toBe("Bearer t0ken");
  expect(sent?.url).not.toContain("t0ken");
});

test("a refusal is a problem with its code", async () => {
  const body = { title: "Conflict", status: 409, code: "network_overlap", detail: "It overlaps home." };
  server.use(http.post(`${API}/networks`, () => HttpResponse.json(body, { status: 409 })));

  const made = answered(apiClient(API, session()).POST("/networks", { body: { name: "a", cidr: "10.0.0.0/8" } }));

  await expect(made).rejects.toMatchObject({ code: "network_overlap", message: "It overlaps home." });
});

test("a session that ended leads to one new round", async () => {
  const own = session();
  server.use(http.get(`${API}/me`, () => HttpResponse.json({ code: "unauthenticated", detail: "…" }, { status: 401 })));

  await expect(answered(apiClient(API, own).GET("/me"))).rejects.toMatchObject({ code: "unauthenticated" });

  expect(own.renew).toHaveBeenCalledOnce();
});

test("an API that cannot be reached is said", async () => {
  server.use(http.get(`${API}/me`, () => HttpResponse.error()));

  await expect(answered(apiClient(API, session()).GET("/me"))).rejects.toMatchObject({ code: "unreachable" });
});
