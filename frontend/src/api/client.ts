/** Calls of the API, typed by its contract. Every refusal is a Problem. */
import createClient, { type Client, type Middleware } from "openapi-fetch";
import type { paths } from "@/api/schema";
import type { Session } from "@/api/session";
import { problemFrom } from "@/lib/problem";

export type Api = Client<paths>;

export function apiClient(baseUrl: string, session: Pick<Session, "token" | "renew">): Api {
  const client = createClient<paths>({
    baseUrl,
    cache: "no-store",
    fetch: (request) => globalThis.fetch(request),
  });
  const authorized: Middleware = {
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${session.token}`);
      return request;
    },
    async onResponse({ response }) {
      if (response.status === 401) await session.renew();
      return undefined;
    },
    onError() {
      return problemFrom(0, undefined);
    },
  };
  client.use(authorized);
  return client;
}

/** The data of an answer, or the Problem it is. */
export async function answered<Data>(
  answer: Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<Data> {
  const { data, error, response } = await answer;
  if (!response.ok) throw problemFrom(response.status, error);
  return data as Data;
}
