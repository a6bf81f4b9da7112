/** The one socket: its frames feed the cache, and whatever was missed is read again after each connect. */
import type { QueryClient } from "@tanstack/react-query";
import ReconnectingWebSocket from "partysocket/ws";
import { type Api, answered } from "@/api/client";
import { Feed, type News } from "@/api/feed";
import { ME } from "@/api/me";
import type { ToBrowser } from "@/api/shapes";

export type LiveState = "connecting" | "connected" | "lost";

const MIN_DELAY_MS = 500;
const MAX_DELAY_MS = 15_000;
const BEFORE_END_MS = 30_000;

export class Live {
  private readonly socket: ReconnectingWebSocket;
  private readonly feed: Feed;
  private readonly listeners = new Set<() => void>();
  private state: LiveState = "connecting";
  private keepAlive: ReturnType<typeof setInterval> | undefined;
  private renewal: ReturnType<typeof setTimeout> | undefined;

  constructor(
    api: Api,
    private readonly cache: QueryClient,
    socketsPath: string,
    readers: readonly News[],
  ) {
    this.feed = new Feed(api, cache, readers);
    const ticketed = async () => {
      const { ticket } = await answered(api.POST("/ws/tickets"));
      const { protocol, host } = window.location;
      return `${protocol === "https:" ? "wss:" : "ws:"}//${host}${socketsPath}?ticket=${encodeURIComponent(ticket)}`;
    };
    this.socket = new ReconnectingWebSocket(ticketed, undefined, {
      minReconnectionDelay: MIN_DELAY_MS + Math.random() * MIN_DELAY_MS,
      maxReconnectionDelay: MAX_DELAY_MS,
      connectionTimeout: 10_000,
    });
    this.socket.addEventListener("open", () => this.socket.send('{"type":"hello"}'));
    this.socket.addEventListener("message", (event) => this.take(JSON.parse(String(event.data)) as ToBrowser));
    this.socket.addEventListener("close", () => this.ended());
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly current = (): LiveState => this.state;

  stop(): void {
    this.feed.stop();
    this.silence();
    this.socket.close();
  }

  private take(frame: ToBrowser): void {
    switch (frame.type) {
      case "welcome":
        this.welcomed(frame.expires_at, frame.keep_alive_s);
        break;
      case "network_changed":
      case "peer_status":
        this.feed.add(frame);
        break;
      case "account_changed":
        void this.cache.invalidateQueries({ queryKey: ME });
        this.socket.reconnect(); // with a ticket of what they may see now
        break;
      case "bye":
        this.socket.reconnect();
        break;
      case "incident": // no page shows incidents; that a peer was blocked is a change
      case "ack":
        break;
      default:
        frame satisfies never;
    }
  }

  private welcomed(expiresAt: string, keepAliveS: number): void {
    this.silence();
    this.keepAlive = setInterval(() => this.socket.send('{"type":"heartbeat"}'), keepAliveS * 1000);
    const left = Date.parse(expiresAt) - Date.now() - BEFORE_END_MS * (1 + Math.random());
    this.renewal = setTimeout(() => this.socket.reconnect(), Math.max(left, MAX_DELAY_MS));
    this.say("connected");
    void this.cache.invalidateQueries({ refetchType: "active" });
  }

  private ended(): void {
    this.silence();
    this.say("lost");
  }

  private silence(): void {
    clearInterval(this.keepAlive);
    clearTimeout(this.renewal);
  }

  private say(state: LiveState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}
