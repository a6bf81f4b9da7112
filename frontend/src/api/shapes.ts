/** Names for the contract's shapes. */
import type { components, paths } from "@/api/schema";

type Schemas = components["schemas"];
export type Network = Schemas["Network"];
export type Peer = Schemas["Peer"];
export type PeerKind = Peer["kind"];
export type PeerStatus = Peer["status"];
export type Me = Schemas["Me"];
/** A network by id and name. */
export type Granted = Schemas["GrantedNetwork"];
export type Role = Me["role"];
export type CreateNetwork = Schemas["CreateNetwork"];
export type CreatePeer = Schemas["CreateJump"] | Schemas["CreateDynamic"] | Schemas["CreateStatic"];
export type PatchPeer = Partial<Schemas["PatchPeer"]>;
export type AgentPeerCreated = Schemas["AgentPeerCreated"];
export type StaticPeerCreated = Schemas["StaticPeerCreated"];
export type Acl = Schemas["Acl"];
export type AclRule = Schemas["AclRule"];
export type Change = Schemas["Change"];
export type ChangePage = Schemas["ChangePage"];
export type User = Schemas["User"];
export type InviteUser = Schemas["InviteUser"];
export type PatchUser = Schemas["PatchUser"];
export type ApiToken = Schemas["ApiToken"];
export type CreateToken = Schemas["CreateToken"];
export type TokenCreated = Schemas["TokenCreated"];
export type JoinKey = Schemas["JoinKey"];
export type CreateJoinKey = Schemas["CreateJoinKey"];
export type JoinKeyCreated = Schemas["JoinKeyCreated"];
export type Settings = Schemas["Settings"];
export type PutSettings = Schemas["PutSettings"];
export type AuditRecord = Schemas["AuditRecord"];
export type AuditFilter = Omit<NonNullable<paths["/audit"]["get"]["parameters"]["query"]>, "limit" | "cursor">;
export type ToBrowser = Schemas["ToBrowser"];
export type NetworkChanged = Schemas["NetworkChanged"];
export type PresenceChanged = Schemas["PeerStatus"];
