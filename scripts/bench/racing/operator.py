"""What people do in the console, at random."""

import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.bench.racing.arena import Arena
from scripts.bench.racing.caller import BLOCKED, GONE, HOST, Caller, a_key

CONTESTED = 5  # peers that everybody renames, blocks, re-issues and deletes: few, so that they meet
SPENT = "401 enrollment_token_invalid"  # its peer was deleted, or re-issued once more


@dataclass
class Operator:
    """Does at random what people do in the console."""

    caller: Caller
    arena: Arena
    chance: random.Random

    def act(self) -> None:
        if len(self.arena.contested) < CONTESTED:
            self.create()
            return
        self.chance.choice(ACTS)(self)

    def create(self) -> None:
        is_static = self.chance.random() < 0.3
        body = {"kind": "static", "public_key": a_key()} if is_static else {"kind": "dynamic"}
        created = self._create({**body, "name": self.arena.name()}, "201")
        if created is not None:
            self.arena.contested.add(created["peer"])

    def create_with_taken_name(self) -> None:
        self._create({"kind": "dynamic", "name": "anchor"}, "409 name_in_use")

    def create_with_taken_key(self) -> None:
        taken = self.arena.anchor["public_key"]
        self._create({"kind": "static", "name": self.arena.name(), "public_key": taken}, "409 key_in_use")

    def create_with_taken_address(self) -> None:
        taken = self.arena.anchor["address"]
        self._create({"kind": "dynamic", "name": self.arena.name(), "address": taken}, "409 address_in_use")

    def rename(self) -> None:
        self._patch({"name": self.arena.name()}, "200")

    def rename_to_taken(self) -> None:
        self._patch({"name": "anchor"}, "409 name_in_use")

    def rename_what_was_seen(self) -> None:
        """As the console does: with the ETag of what it shows."""
        peer_id = self._any()
        seen = self.caller.ask("see", "GET", self._of(peer_id), may=("200", GONE))
        if seen is not None:
            self._patch({"name": self.arena.name()}, "200", "412 stale", peer_id=peer_id, tag=seen["revision"])

    def rename_what_is_stale(self) -> None:
        self._patch({"name": self.arena.name()}, "412 stale", tag=1)

    def route(self) -> None:
        self._patch({"additional_allowed_ips": [self.arena.behind()]}, "200", kind="dynamic")

    def route_what_is_taken(self) -> None:
        self._patch({"additional_allowed_ips": ["192.168.255.0/24"]}, "409 cidr_in_use", kind="dynamic")

    def delete(self) -> None:
        peer_id = self._any()
        if self.caller.ask("delete", "DELETE", self._of(peer_id), may=("204", GONE)) is not None:
            self.arena.contested.drop(peer_id)

    def block(self) -> None:
        self._post("block", self._any(), "200", GONE)

    def unblock(self) -> None:
        self._post("unblock", self._any(), "200", GONE)

    def block_a_host(self) -> None:
        """For a moment: its machine goes on meanwhile."""
        host = self.chance.choice(self.arena.hosts)
        self._post("block", host, "200")
        self._post("unblock", host, "200")

    def rename_a_host(self) -> None:
        self._patch({"name": self.arena.name()}, "200", peer_id=self.chance.choice(self.arena.hosts))

    def demand_a_key(self) -> None:
        host = self.chance.choice(self.arena.hosts)
        self._post("rotate-key", host, "200", BLOCKED, "409 peer_not_enrolled")  # its machine may have left

    def reissue(self) -> None:
        self._post("reissue", self._any("static"), "200", GONE, BLOCKED, body={"public_key": a_key()})

    def reissue_with_taken_key(self) -> None:
        taken = {"public_key": self.arena.anchor["public_key"]}
        self._post("reissue", self._any("static"), "409 key_in_use", GONE, BLOCKED, body=taken)

    def enroll(self) -> None:
        self._enroll(a_key(), "200")

    def enroll_with_taken_key(self) -> None:
        self._enroll(self.arena.anchor["public_key"], "409 key_in_use")

    def change_the_network(self) -> None:
        body = {"dns": [f"192.0.2.{self.chance.randrange(1, 255)}"]}
        self.caller.ask("change network", "PATCH", self.arena.network, body, may=("200",))

    def renew_preshared_keys(self) -> None:
        self.caller.ask("rotate-psk", "POST", f"{self.arena.network}/rotate-psk", may=("200",))

    def overlap(self) -> None:
        body = {"name": f"other-{uuid.uuid4().hex[:8]}", "cidr": self.arena.cidr}
        self.caller.ask("overlap", "POST", "/networks", body, may=("409 network_overlap",))

    def come_and_go(self) -> None:
        """A network of one's own: nobody else may be in its way, though all share one directory."""
        number = next(self.arena.numbers)
        body = {"name": f"own-{uuid.uuid4().hex[:8]}", "cidr": f"10.63.{number // 64 % 256}.{number % 64 * 4}/30"}
        made = self.caller.ask("create network", "POST", "/networks", body, may=("201",))
        if made is not None:
            self.caller.ask("delete network", "DELETE", f"/networks/{made['id']}", may=("204",))

    def _create(self, body: Mapping[str, object], *may: str) -> Any:
        call = f"create, {may[0]}"
        return self.caller.ask(call, "POST", f"{self.arena.network}/peers", body, may=may)

    def _patch(
        self,
        body: Mapping[str, object],
        *may: str,
        peer_id: str | None = None,
        tag: int | None = None,
        kind: str | None = None,
    ) -> None:
        headers = {} if tag is None else {"If-Match": f'"{tag}"'}
        path = self._of(peer_id or self._any(kind))
        self.caller.ask(f"patch {next(iter(body))}, {may[0]}", "PATCH", path, body, may=(*may, GONE), headers=headers)

    def _post(self, action: str, peer_id: str, *may: str, body: Mapping[str, object] | None = None) -> Any:
        return self.caller.ask(action, "POST", f"{self._of(peer_id)}/{action}", body, may=may)

    def _enroll(self, public_key: str, *may: str) -> None:
        """Re-issue a token, and use it on another machine."""
        reissued = self._post("enrollment-token", self._any("dynamic"), "201", GONE)
        if reissued is not None:
            body = {"token": reissued["enrollment_token"], "device_key": a_key(), "public_key": public_key}
            call = f"enroll, {may[0]}"
            self.caller.ask(call, "POST", "/agent/enroll", {**body, "host": HOST}, may=(*may, SPENT))

    def _any(self, kind: str | None = None) -> str:
        """One that is contested; without any such, one that was never there."""
        return self.arena.contested.pick(self.chance, kind) or "dyn_never"

    def _of(self, peer_id: str) -> str:
        return f"{self.arena.network}/peers/{peer_id}"


ACTS: tuple[Callable[[Operator], None], ...] = (
    Operator.create,
    Operator.create_with_taken_name,
    Operator.create_with_taken_key,
    Operator.create_with_taken_address,
    Operator.rename,
    Operator.rename_to_taken,
    Operator.rename_what_was_seen,
    Operator.rename_what_is_stale,
    Operator.route,
    Operator.route_what_is_taken,
    Operator.delete,
    Operator.delete,
    Operator.block,
    Operator.unblock,
    Operator.block_a_host,
    Operator.rename_a_host,
    Operator.demand_a_key,
    Operator.reissue,
    Operator.reissue_with_taken_key,
    Operator.enroll,
    Operator.enroll_with_taken_key,
    Operator.change_the_network,
    Operator.renew_preshared_keys,
    Operator.overlap,
    Operator.come_and_go,
)
