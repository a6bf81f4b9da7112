"""The public API as an operator's program uses it."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec
import requests

from chalicelib.wire.codec import decode, encode
from chalicelib.wire.join_keys import CreateJoinKey, JoinKeyCreated
from chalicelib.wire.networks import Acl, AclRule, CreateNetwork, Network, PatchNetwork, PutAcl
from chalicelib.wire.page import Page
from chalicelib.wire.peers import (
    AgentPeerCreated,
    CreateDynamic,
    CreateJump,
    CreatePeer,
    CreateStatic,
    PatchPeer,
    Peer,
    PeerSession,
    StaticPeerCreated,
)
from chalicelib.wire.problem import Problem

ANSWER_S = 20.0

Shape = TypeVar("Shape")


class ApiRefused(Exception):
    """An answer that is no success; `code` is the problem's."""

    def __init__(self, call: str, status: int, code: str, detail: str) -> None:
        super().__init__(f"{call}: {status} {code}: {detail}")
        self.status = status
        self.code = code


class Api:
    """One connection, kept open. Every call raises ApiRefused or requests' errors."""

    def __init__(self, api_url: str, token: str) -> None:
        self._url = api_url
        self._session = requests.Session()
        self._session.trust_env = False  # loopback is reached by no proxy
        self._session.headers["Authorization"] = f"Bearer {token}"

    def create_network(self, name: str, cidr: str, cidr_v6: str | None = None) -> Network:
        return self._call("POST", "/networks", Network, CreateNetwork(name=name, cidr=cidr, cidr_v6=cidr_v6))

    def networks(self) -> Sequence[Network]:
        """At most 200, which is plenty here."""
        return self._call("GET", "/networks?limit=200", Page[Network]).items

    def set_resolvers(self, network_id: str, resolvers: list[str]) -> None:
        self._send("PATCH", f"/networks/{network_id}", PatchNetwork(dns=resolvers))

    def delete_network(self, network_id: str) -> None:
        self._send("DELETE", f"/networks/{network_id}")

    def create_agent_peer(self, network_id: str, peer: CreateJump | CreateDynamic) -> AgentPeerCreated:
        return self._create_peer(network_id, peer, AgentPeerCreated)

    def create_static(self, network_id: str, peer: CreateStatic) -> StaticPeerCreated:
        return self._create_peer(network_id, peer, StaticPeerCreated)

    def peer(self, network_id: str, peer_id: str) -> Peer:
        return self._call("GET", f"/networks/{network_id}/peers/{peer_id}", Peer)

    def peers(self, network_id: str) -> Sequence[Peer]:
        """At most 200 as well."""
        return self._call("GET", f"/networks/{network_id}/peers?limit=200", Page[Peer]).items

    def change_peer(self, network_id: str, peer_id: str, changes: PatchPeer) -> Peer:
        return self._call("PATCH", f"/networks/{network_id}/peers/{peer_id}", Peer, changes)

    def block(self, network_id: str, peer_id: str) -> None:
        self._send("POST", f"/networks/{network_id}/peers/{peer_id}/block", {})

    def unblock(self, network_id: str, peer_id: str) -> None:
        self._send("POST", f"/networks/{network_id}/peers/{peer_id}/unblock", {})

    def put_acl(self, network_id: str, rules: Sequence[AclRule]) -> Acl:
        return self._call("PUT", f"/networks/{network_id}/acl", Acl, PutAcl(rules=list(rules)))

    def network(self, network_id: str) -> Network:
        return self._call("GET", f"/networks/{network_id}", Network)

    def session(self, network_id: str, peer_id: str) -> PeerSession:
        return self._call("GET", f"/networks/{network_id}/peers/{peer_id}/session", PeerSession)

    def rotate_key(self, network_id: str, peer_id: str) -> Peer:
        return self._call("POST", f"/networks/{network_id}/peers/{peer_id}/rotate-key", Peer)

    def rotate_psk(self, network_id: str) -> Network:
        return self._call("POST", f"/networks/{network_id}/rotate-psk", Network)

    def create_join_key(self, network_id: str, key: CreateJoinKey) -> JoinKeyCreated:
        return self._call("POST", f"/networks/{network_id}/join-keys", JoinKeyCreated, key)

    def approve(self, network_id: str, peer_id: str) -> Peer:
        return self._call("POST", f"/networks/{network_id}/peers/{peer_id}/approve", Peer)

    def delete_peer(self, network_id: str, peer_id: str) -> None:
        self._send("DELETE", f"/networks/{network_id}/peers/{peer_id}")

    def close(self) -> None:
        self._session.close()

    def _create_peer(self, network_id: str, peer: CreatePeer, answer: type[Shape]) -> Shape:
        return self._call("POST", f"/networks/{network_id}/peers", answer, peer)

    def _call(self, method: str, path: str, answer: type[Shape], body: object = None) -> Shape:
        return decode(self._send(method, path, body), answer)

    def _send(self, method: str, path: str, body: object = None) -> bytes:
        answer = self._session.request(
            method,
            self._url + path,
            data=None if body is None else encode(body),
            headers={} if body is None else {"Content-Type": "application/json"},
            timeout=ANSWER_S,
        )
        if not answer.ok:
            raise _refusal(f"{method} {path}", answer)
        return answer.content


def _refusal(call: str, answer: requests.Response) -> ApiRefused:
    try:
        problem = decode(answer.content, Problem)
    except msgspec.DecodeError:
        return ApiRefused(call, answer.status_code, "no_problem_json", answer.text[:200])
    return ApiRefused(call, answer.status_code, problem.code, problem.detail)
