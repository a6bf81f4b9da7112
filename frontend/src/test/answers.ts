/** Answers of an API that a test plays. */
import { HttpResponse, http } from "msw";
import { API } from "@/test/render";
import { server } from "@/test/setup";

type Method = "get" | "post" | "put" | "patch" | "delete";

/** Plays one call, and keeps what was sent by it: bodies, and queries of those without one. */
export function plays(method: Method, path: string, answer: (sent: unknown) => object | undefined, status = 200) {
  const sent: unknown[] = [];
  server.use(
    http[method](API + path, async ({ request }) => {
      const text = await request.text();
      const said = text ? JSON.parse(text) : Object.fromEntries(new URL(request.url).searchParams);
      sent.push(said);
      const body = answer(said);
      return body ? HttpResponse.json(body, { status }) : new HttpResponse(null, { status: 204 });
    }),
  );
  return sent;
}

export const listOf = (items: readonly object[]) => () => ({ items, next_cursor: null });

export const refusal = (status: number, code: string, detail: string) => () => ({
  title: "Refused",
  status,
  code,
  detail,
});
