/** From an address in the browser to somebody signed in, or to the reason why not. */
import type { QueryClient } from "@tanstack/react-query";
import { ErrorResponse } from "oidc-client-ts";
import { newCache } from "@/api/cache";
import { answered, apiClient } from "@/api/client";
import { loadConfig } from "@/api/config";
import type { SignedIn } from "@/api/context";
import { Live } from "@/api/live";
import { ME } from "@/api/me";
import { forgetRounds, Session, SIGNED_OUT, SignInLoop } from "@/api/session";
import { news } from "@/app/news";
import { messageOf, Problem } from "@/lib/problem";

export type Refusal = "loop" | "notInvited" | "noIssuer" | "refused" | "unreachable";
export type Started =
  | { kind: "ready"; signedIn: SignedIn; cache: QueryClient }
  | { kind: "signedOut" }
  | { kind: "leaving" }
  | { kind: "failed"; why: Refusal; detail?: string; session?: Session };

let started: Promise<Started> | undefined;

/** Once a page load, however often React asks. */
export function start(): Promise<Started> {
  started ??= begin();
  return started;
}

async function begin(): Promise<Started> {
  if (window.location.pathname === SIGNED_OUT) return { kind: "signedOut" };
  let session: Session | undefined;
  try {
    const config = await loadConfig();
    if (!config.issuer) return { kind: "failed", why: "noIssuer" };
    session = new Session(config);
    const path = await session.begin(window.location.pathname + window.location.search);
    if (path === undefined) return { kind: "leaving" };
    window.history.replaceState(null, "", path);
    return await enter(session, config.api, config.sockets);
  } catch (error) {
    return failed(error, session);
  }
}

async function enter(session: Session, apiPath: string, socketsPath: string): Promise<Started> {
  const api = apiClient(window.location.origin + apiPath, session);
  const cache = newCache();
  cache.setQueryData(ME, await answered(api.GET("/me")));
  forgetRounds();
  return { kind: "ready", signedIn: { api, session, live: new Live(api, cache, socketsPath, news) }, cache };
}

function failed(error: unknown, session: Session | undefined): Started {
  const own = session ? { session } : {};
  if (error instanceof SignInLoop) return { kind: "failed", why: "loop" };
  if (error instanceof ErrorResponse) return { kind: "failed", why: "refused", detail: messageOf(error) };
  if (error instanceof Problem && error.status === 401) return { kind: "leaving" };
  if (error instanceof Problem && error.code === "not_invited") {
    return { kind: "failed", why: "notInvited", detail: error.message, ...own };
  }
  return { kind: "failed", why: "unreachable", ...(error instanceof Problem ? { detail: error.message } : {}), ...own };
}
