/**
 * Signing in with OpenID Connect: authorization code and PKCE. Tokens live in memory only, so
 * a reload goes through the provider once, by itself; a loop of such rounds is stopped.
 */
import { InMemoryWebStorage, type User, UserManager, WebStorageStateStore } from "oidc-client-ts";
import type { Config } from "@/api/config";

export const CALLBACK = "/auth/callback";
export const SIGNED_OUT = "/signed-out";
const ROUNDS = "wirety.sign-in-rounds";
const MAX_ROUNDS = 3;
const ROUNDS_WITHIN_MS = 60_000;

/** Signing in came back without a session again and again. */
export class SignInLoop extends Error {}

export class Session {
  private readonly manager: UserManager;
  private user: User | null = null;
  private leaving = false;

  constructor(private readonly config: Config) {
    const origin = window.location.origin;
    this.manager = new UserManager({
      authority: config.issuer,
      metadataUrl: config.discovery_url,
      client_id: config.client_id,
      redirect_uri: origin + CALLBACK,
      post_logout_redirect_uri: origin + SIGNED_OUT,
      response_type: "code",
      scope: config.scope,
      ...(config.audience ? { resource: config.audience } : {}),
      userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
      stateStore: new WebStorageStateStore({ store: window.sessionStorage }), // the round's verifier, until it is back
      automaticSilentRenew: true,
      monitorSession: false,
      loadUserInfo: false,
    });
    this.manager.events.addUserLoaded((user) => {
      this.user = user;
    });
  }

  /**
   * Have somebody signed in. Answers where they wanted to go, or undefined when the page is
   * on its way to the provider.
   */
  async begin(path: string): Promise<string | undefined> {
    if (window.location.pathname === CALLBACK) return this.finish();
    await this.leave(path);
    return undefined;
  }

  /** The bearer token: for the API's audience, or of this client. */
  get token(): string {
    const token = this.config.audience ? this.user?.access_token : this.user?.id_token;
    if (!token) throw new Error("nobody is signed in");
    return token;
  }

  /** Go through the provider again and come back here: the session ended. */
  async renew(): Promise<void> {
    await this.leave(window.location.pathname + window.location.search);
  }

  async signOut(): Promise<void> {
    this.leaving = true;
    const metadata = await this.manager.metadataService.getMetadata();
    if (!metadata.end_session_endpoint) {
      await this.manager.removeUser();
      window.location.assign(SIGNED_OUT);
      return;
    }
    // logout_uri is what Cognito calls post_logout_redirect_uri
    const extraQueryParams = { client_id: this.config.client_id, logout_uri: window.location.origin + SIGNED_OUT };
    await this.manager.signoutRedirect({ extraQueryParams });
  }

  private async finish(): Promise<string> {
    this.user = await this.manager.signinRedirectCallback();
    const wanted: unknown = this.user.state;
    return typeof wanted === "string" && wanted.startsWith("/") && !wanted.startsWith("//") ? wanted : "/";
  }

  private async leave(path: string): Promise<void> {
    if (this.leaving) return;
    this.leaving = true;
    countRound(Date.now());
    await this.manager.signinRedirect({ state: path });
  }
}

/** Note one more round; throws SignInLoop when there were too many within a minute. */
export function countRound(now: number, store: Storage = window.sessionStorage): void {
  const before = (store.getItem(ROUNDS) ?? "").split(",").map(Number);
  const rounds = before.filter((at) => at > now - ROUNDS_WITHIN_MS);
  if (rounds.length >= MAX_ROUNDS) {
    store.removeItem(ROUNDS);
    throw new SignInLoop();
  }
  store.setItem(ROUNDS, [...rounds, now].join(","));
}

/** The API took the token: the rounds came to an end. */
export function forgetRounds(store: Storage = window.sessionStorage): void {
  store.removeItem(ROUNDS);
}
