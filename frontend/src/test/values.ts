/** Values that tests build on. */
import type { ApiToken, Network, Peer, User } from "@/api/shapes";

export const NOW = "2026-01-01T12:00:00Z";

export function aNetwork(changed: Partial<Network> = {}): Network {
  return {
    id: "net_1",
    name: "home",
    cidr: "10.20.0.0/24",
    cidr_v6: null,
    domain: "home.internal",
    dns: [],
    revision: 1,
    settings_revision: 1,
    created_at: NOW,
    updated_at: NOW,
    ...changed,
  };
}

export function aPeer(changed: Partial<Peer> = {}): Peer {
  return {
    id: "dyn_1",
    network_id: "net_1",
    name: "web",
    dns_label: "web",
    kind: "dynamic",
    address: "10.20.0.2",
    address_v6: null,
    public_key: null,
    endpoint: null,
    endpoint_guessed: false,
    listen_port: null,
    published_port: null,
    is_isolated: false,
    full_encapsulation: false,
    additional_allowed_ips: [],
    routed_cidrs: [],
    persistent_keepalive: null,
    mtu: null,
    dns: null,
    preferred_jump_id: null,
    home_jump_id: null,
    tags: [],
    metadata: {},
    owner_id: null,
    host: null,
    is_blocked: false,
    blocked_by: [],
    config_stale: false,
    config_changes: [],
    status: "pending",
    last_seen: null,
    created_at: NOW,
    updated_at: NOW,
    revision: 2,
    settings_revision: 2,
    ...changed,
  };
}

export function aUser(changed: Partial<User> = {}): User {
  return {
    id: "usr_2",
    email: "bo@example.com",
    name: "Bo Chen",
    state: "active",
    role: "member",
    role_source: "record",
    own_role: "member",
    networks: ["net_1"],
    owned_peers: 0,
    invited_by: null,
    created_at: NOW,
    last_seen_at: NOW,
    revision: 1,
    ...changed,
  };
}

export function aToken(changed: Partial<ApiToken> = {}): ApiToken {
  return {
    id: "tok_1",
    name: "backup job",
    role: "operator",
    networks: null,
    maker_id: "usr_1",
    maker_name: "ana",
    created_at: NOW,
    expires_at: "2036-01-01T12:00:00Z",
    last_used_at: null,
    last_used_from: null,
    ...changed,
  };
}
