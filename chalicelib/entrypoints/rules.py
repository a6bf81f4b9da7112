"""Who may do what: every call and every frame with its rule, and the table of them that people read.

There is no default: a call states its rule beside its path, and a frame stands in FRAMES or in no table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never, get_args

from chalicelib.domain.identity.principal import EVERYBODY, READERS, Role
from chalicelib.domain.identity.user import MIGHTIEST_FIRST
from chalicelib.entrypoints.rest.routing.operation import OPERATIONS, Access, Agents, Anybody, People, Reach
from chalicelib.wire import browser_frames as browser
from chalicelib.wire import frames

AGENT = "agent"
CALLERS = (*MIGHTIEST_FIRST, AGENT)
NOT_AT_ALL = "–"  # noqa: RUF001  a dash in a table
ANYBODY = "anybody"
OTHERWISE = ", else "

FRAMES: Mapping[type, Access] = {
    frames.Hello: Agents(),
    frames.Heartbeat: Agents(),
    frames.Applied: Agents(),
    frames.ProbeReply: Agents(),
    frames.Welcome: Agents(),
    frames.Ack: Agents(),
    frames.ConfigChanged: Agents(),
    frames.Probe: Agents(),
    frames.Reset: Agents(),
    frames.Bye: Agents(),
    browser.BrowserHello: People(own=EVERYBODY),
    browser.BrowserHeartbeat: People(own=EVERYBODY),
    browser.BrowserWelcome: People(own=EVERYBODY),
    browser.BrowserAck: People(own=EVERYBODY),
    browser.NetworkChanged: People(READERS),
    browser.PeerStatus: People(READERS),
    browser.IncidentChanged: People(READERS),
    browser.AccountChanged: People(own=EVERYBODY),
    browser.BrowserBye: People(own=EVERYBODY),
}
"""By the shape of a frame: who may send it or is sent it."""

SENT = {
    "from an agent": frames.FromAgent,
    "to an agent": frames.ToAgent,
    "from a browser": browser.FromBrowser,
    "to a browser": browser.ToBrowser,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """`what`: a call by its method and path, or a frame by its way and type."""

    what: str
    access: Access

    def cell(self, caller: str) -> str:
        """What the table says of a role, or of an agent."""
        match self.access:
            case Anybody():
                return ANYBODY
            case Agents():
                own: Reach = "own"
                return own if caller == AGENT else NOT_AT_ALL
            case People():
                reach = () if caller == AGENT else self.access.reach(Role(caller))
                return OTHERWISE.join(reach) or NOT_AT_ALL
            case _:
                assert_never(self.access)


def rules() -> Iterator[Rule]:
    """Of every call by its path, then of every frame. Raises KeyError: a frame has no rule."""
    for operation in sorted(OPERATIONS, key=lambda one: (one.path, one.method)):
        yield Rule(f"{operation.method} {operation.path}", operation.access)
    for way, union in SENT.items():
        for frame in get_args(union):
            yield Rule(f"{way}: {frame.__struct_config__.tag}", FRAMES[frame])


def table() -> str:
    """The rules in Markdown: a row a call or frame, a column a caller."""
    lines = [("", *CALLERS), ("---",) * (len(CALLERS) + 1)]
    lines += [(f"`{rule.what}`", *map(rule.cell, CALLERS)) for rule in rules()]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def read_table(text: str) -> dict[str, dict[str, str]]:
    """What a table says, by call or frame and caller."""
    _, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in text.strip().splitlines())
    return {row[0].strip("`"): dict(zip(CALLERS, row[1:], strict=True)) for row in rows}
