/** Names for the contract's shapes. */
import type { components } from "@/api/schema";

type Schemas = components["schemas"];
export type Network = Schemas["Network"];
export type Peer = Schemas["Peer"];
export type PeerKind = Peer["kind"];
export type PeerStatus = Peer["status"];
export type Me = Schemas["Me"];
export type CreateNetwork = Schemas["CreateNetwork"];
export type CreatePeer = Schemas["CreateJump"] | Schemas["CreateDynamic"] | Schemas["CreateStatic"];
export type AgentPeerCreated = Schemas["AgentPeerCreated"];
export type StaticPeerCreated = Schemas["StaticPeerCreated"];
export type Change = Schemas["Change"];
export type ChangePage = Schemas["ChangePage"];
export type ToBrowser = Schemas["ToBrowser"];
export type NetworkChanged = Schemas["NetworkChanged"];
export type PresenceChanged = Schemas["PeerStatus"];
