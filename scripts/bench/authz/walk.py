"""The walk: each call by each caller about each subject, held against the table.

What is refused says the same, byte for byte, as where there is nothing: a 404 differs in the ids that were asked for,
and a 403 in nothing.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from chalicelib.entrypoints.rest.routing.operation import OPERATIONS, Operation
from chalicelib.entrypoints.rules import AGENT, ANYBODY, NOT_AT_ALL, OTHERWISE
from chalicelib.wire import addresses, join_keys, networks, peers, people
from scripts.bench.authz.ground import AN_AGENT, Answered, Caller, Ground, Subject, new_name

BODIES: Mapping[Any, Mapping[str, object]] = {
    networks.CreateNetwork: {"cidr": "10.255.0.0/24"},
    networks.PatchNetwork: {"dns": ["192.0.2.53"]},
    networks.PutAcl: {"rules": []},
    peers.CreatePeer: {"kind": "dynamic"},
    peers.Bulk: {"peers": [{"kind": "dynamic", "name": "one of many"}]},
    people.InviteUser: {"email": "invited@example.com", "role": "member"},
    people.PatchUser: {"role": "member"},
    people.PutSettings: {"default_role": None, "member_peer_limit": 100},
}
"""Of the shapes that take more than nothing and a name."""
NAMED = (networks.CreateNetwork, peers.CreatePeer, peers.PatchPeer, join_keys.CreateJoinKey, people.CreateToken)
PARAMETER = re.compile(r"{(\w+)}")
DONE = frozenset({200, 201, 204, 304})
OF_ITS_STATE = frozenset({HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED})  # allowed, and not possible now
REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
TWINS = ((Subject.HIDDEN, Subject.NOWHERE), (Subject.OTHERS, Subject.UNKNOWN))
"""What looks the same to whom it is refused."""


@dataclass(frozen=True, slots=True)
class Hole:
    """An answer that is not what the table says. `said`: what it says there should be."""

    call: str
    caller: str
    subject: str
    answered: str
    said: str

    def __str__(self) -> str:
        return f"{self.call} by {self.caller}, {self.subject}: {self.answered}, and the table says {self.said}"


@dataclass
class Walk:
    """`table`: what is allowed, by call and caller; see entrypoints/rules. `walked`: how many combinations, by call."""

    ground: Ground
    table: Mapping[str, Mapping[str, str]]
    walked: Counter[str] = field(default_factory=Counter, init=False)

    def holes(self, operations: Sequence[Operation] = OPERATIONS) -> Iterator[Hole]:
        for operation in operations:
            for name in list(self.ground.callers):
                yield from self._of(operation, name)

    def _of(self, operation: Operation, name: str) -> Iterator[Hole]:
        """One call by one caller."""
        call = f"{operation.method} {operation.path}"
        texts: dict[Subject, tuple[int, str]] = {}
        for subject in _subjects(operation.path):
            caller = self.ground.callers[name]
            said = _said(self.table[call], operation.path, caller, subject)
            path, answer = self._asked(operation, caller, subject)
            self.walked[call] += 1
            is_of_people = caller.role is not None and ANYBODY not in self.table[call].values()
            if not _is_as_said(answer.status, said, is_of_people=is_of_people):
                yield Hole(call, name, subject, f"{answer.status} {answer.text[:200]}", str(said or "allowed"))
            elif said is not None:
                texts[subject] = (said, _without_ids(answer.text, path))
            if call == "DELETE /networks/{network_id}" and answer.status in DONE:
                self.ground.renew()
        if len({text for status, text in texts.values() if status == HTTPStatus.FORBIDDEN}) > 1:
            yield Hole(call, name, "some subjects", "403s that differ", "the same bytes")
        for hidden, unknown in TWINS:
            if hidden in texts and unknown in texts and texts[hidden] != texts[unknown]:
                yield Hole(call, name, hidden, texts[hidden][1], f"the bytes of what is {unknown}: {texts[unknown][1]}")

    def _asked(self, operation: Operation, caller: Caller, subject: Subject) -> tuple[dict[str, str], Answered]:
        names = PARAMETER.findall(operation.path)
        path = self.ground.ids(names, caller, subject, is_static=operation.body is peers.Reissue)
        query, body = self._query(operation, path, subject), self._body(operation.body, caller, path)
        return path, self.ground.api.call(operation.method, operation.path.format_map(path) + query, caller.token, body)

    def _query(self, operation: Operation, path: Mapping[str, str], subject: Subject) -> str:
        if operation.query is networks.DeleteQuery:
            return "?force=true"
        if operation.query is not addresses.ReleaseQuery:
            return ""
        if subject is Subject.NOWHERE:
            return "?first=10.0.0.201"
        first = self.ground.address(path["network_id"], 201)
        reserved = f"/networks/{path['network_id']}/reservations"
        self.ground.api.call("POST", reserved, self.ground.api.administrator, {"first": first})
        return f"?first={first}"

    def _body(self, shape: Any, caller: Caller, path: Mapping[str, str]) -> object:
        if shape is None:
            return None
        body = dict(BODIES.get(shape, {}))
        if shape in NAMED:
            body["name"] = new_name()
        if shape is people.CreateToken:
            body["role"] = caller.role or "auditor"
        if shape is addresses.Reserve:
            is_there = path["network_id"] in (self.ground.first, self.ground.second)
            body["first"] = self.ground.address(path["network_id"], 200) if is_there else "10.0.0.200"
        return body


def _said(row: Mapping[str, str], path: str, caller: Caller, subject: Subject) -> int | None:
    """The status that the table says, None: any but a refusal of who asks."""
    if ANYBODY in row.values():
        return None
    if caller.role is None or row[AGENT] != NOT_AT_ALL:  # a credential of another kind, or none
        is_of_agents = caller.name == AN_AGENT and row[AGENT] != NOT_AT_ALL
        return None if is_of_agents else HTTPStatus.UNAUTHORIZED
    cell = row[caller.role]
    if cell == NOT_AT_ALL:
        return HTTPStatus.FORBIDDEN
    return _said_of(cell.split(OTHERWISE), path, caller, subject)


def _said_of(reaches: Sequence[str], path: str, caller: Caller, subject: Subject) -> int | None:
    """By what a call may be about; see the legend of docs/security.md."""
    is_there = subject not in (Subject.UNKNOWN, Subject.NOWHERE)
    is_visible = is_there and (subject is not Subject.HIDDEN or caller.sees_all)
    if reaches == ["all"] and not caller.sees_all:
        return HTTPStatus.FORBIDDEN
    if "granted" in reaches or ("all" in reaches and caller.sees_all):
        return None if is_visible else HTTPStatus.NOT_FOUND
    has_owner = "{peer_id}" in path or "{token_id}" in path
    is_own = subject is not Subject.OTHERS or not has_owner
    return None if is_visible and is_own else HTTPStatus.NOT_FOUND


def _subjects(path: str) -> tuple[Subject, ...]:
    """What the call can be about, by what its path names."""
    named = set(PARAMETER.findall(path)) - {"revision"}
    if not named:
        return (Subject.OWN,)
    if named == {"network_id"}:
        return (Subject.OWN, Subject.HIDDEN, Subject.NOWHERE)
    return tuple(Subject) if "network_id" in named else (Subject.OWN, Subject.OTHERS, Subject.UNKNOWN)


def _is_as_said(status: int, said: int | None, *, is_of_people: bool) -> bool:
    """A person's call that is allowed is done; an agent's, and one that asks nobody, is not refused for who it is."""
    if said is not None:
        return status == said
    return status in DONE | OF_ITS_STATE if is_of_people else status not in REFUSED


def _without_ids(text: str, path: Mapping[str, str]) -> str:
    for name, said in path.items():
        if name != "revision":
            text = text.replace(said, f"{{{name}}}")
    return text
