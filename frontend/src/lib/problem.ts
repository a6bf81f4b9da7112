/** A refusal of the API, RFC 9457: a stable code, and for a person what to do next. */
import type { components } from "@/api/schema";

export type ProblemBody = components["schemas"]["Problem"];

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: ReadonlyArray<{ field: string; message: string }>;

  constructor(body: Pick<ProblemBody, "status" | "code" | "detail"> & Partial<ProblemBody>) {
    super(body.detail);
    this.name = "Problem";
    this.status = body.status;
    this.code = body.code;
    this.fields = body.errors ?? [];
  }
}

/** What gateways and proxies say of headers they do not take, before the API sees the request. */
const TOO_LARGE = new Set([400, 431, 494]);
const TOO_LARGE_TEXT =
  "The request was refused on its way to the API. Most often your sign-in token is too large: ask whoever runs your identity provider to put fewer groups into it.";

/** What an answer that is no problem+json, or no answer at all, amounts to. */
export function problemFrom(status: number, body: unknown): Problem {
  if (typeof body === "object" && body !== null && "code" in body && "detail" in body) {
    return new Problem(body as ProblemBody);
  }
  if (status === 0) {
    const detail = "The API cannot be reached. Check the connection and try again.";
    return new Problem({ status, code: "unreachable", detail });
  }
  if (TOO_LARGE.has(status)) return new Problem({ status, code: "headers_too_large", detail: TOO_LARGE_TEXT });
  return new Problem({ status, code: "unexpected", detail: `The API answered ${status}.` });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
