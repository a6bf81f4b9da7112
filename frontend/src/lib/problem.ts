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

/** What an answer that is no problem+json, or no answer at all, amounts to. */
export function problemFrom(status: number, body: unknown): Problem {
  if (typeof body === "object" && body !== null && "code" in body && "detail" in body) {
    return new Problem(body as ProblemBody);
  }
  const detail =
    status === 0 ? "The API cannot be reached. Check the connection and try again." : `The API answered ${status}.`;
  return new Problem({ status, code: status === 0 ? "unreachable" : "unexpected", detail });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
