"""Commands that change this host: run and its guard, seal, up, down, install-service; and plan, which says how."""

from dataclasses import dataclass
from pathlib import Path

from agent.core.trial_window import CONFIRM_WITHIN_S
from agent.settings import parser as declare
from agent.settings import values
from agent.settings.given import Given
from agent.settings.parser import Command, Parser, option, switch
from agent.settings.values import DEFAULT_KEY_DAYS, LOG_LEVELS, LogFormat, LogLevel

RUN_EPILOG = """\
SIGTERM and SIGINT end the agent within a second and leave the tunnel up, so that a restart or an upgrade
loses nothing; the next run takes it over. To take the tunnel down say wirety-agent down.
Exit codes: 0 stopped, 1 cannot run, 2 wrong usage, 3 the peer was deleted and its tunnel is down (do not
start again).

--once brings the tunnel up from the last good bundle, fetches what is newer, applies it, reports
it and ends. Exit codes: 0 as the control plane wants it, 1 the host refused, 3 deleted, 4 the
control plane could not be asked or told: the tunnel stands on the last good bundle, or on a newer
one that a guard undoes unless the control plane answers (--confirm-within).
"""
SEAL_EPILOG = """\
Used at boot by the unit wirety-agent-seal, before the host's network is up. It seals a host that had full
encapsulation, by the files wy*_seal.nft in the state directory: until the agent has brought the tunnel up,
nothing leaves but DHCP and what goes to the local network. A damaged file seals it from that network too.
On other hosts it does nothing.
"""
PLAN_EPILOG = """\
Changes nothing. Without --fetch it compares this host with the last good bundle on disk.
Exit codes: 0 planned, 1 cannot, 3 the peer was deleted, 4 the control plane could not be asked.
"""
DOWN_EPILOG = """\
The enrolment stays, and so does the service: it leaves the tunnel down, after a restart or a boot too, until
wirety-agent up. A host with full encapsulation sends its traffic in the clear then; with --keep-seal it
sends nothing but to the local network.
"""
UP_EPILOG = """\
Takes back wirety-agent down. Where no agent runs, it does once what the agent would do at its start; only
a running agent keeps the tunnel in step.
"""
INSTALL_EPILOG = """\
Writes and enables wirety-agent.service and wirety-agent-seal.service for this very executable; the agent is started
where this host is enrolled. Settings of the service go into /etc/default/wirety-agent, as WIRETY_NAME=value.
"""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """`is_guard`: stand in for an agent that ended during a trial, until that is over."""

    state_dir: Path
    network_id: str | None
    is_insecure: bool
    log_format: LogFormat
    nat_interfaces: tuple[str, ...] = ()
    manages_forward: bool = False
    is_once: bool = False
    confirm_within_s: float = CONFIRM_WITHIN_S
    is_guard: bool = False
    key_days: float = DEFAULT_KEY_DAYS
    metrics_port: int | None = None
    metrics_address: str = values.LOOPBACK
    log_level: LogLevel = "info"
    is_json: bool = False
    allows_lan: bool = True


@dataclass(frozen=True, slots=True)
class SealSettings:
    state_dir: Path


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """`is_fetched`: compare with what the control plane has now."""

    state_dir: Path
    network_id: str | None
    is_json: bool
    is_fetched: bool
    is_insecure: bool
    nat_interfaces: tuple[str, ...] = ()
    manages_forward: bool = False
    allows_lan: bool = True


@dataclass(frozen=True, slots=True)
class UpSettings:
    """`run`: as what the agent's work is done once where none runs."""

    run: RunSettings

    @property
    def is_json(self) -> bool:
        return self.run.is_json


@dataclass(frozen=True, slots=True)
class DownSettings:
    """`keeps_seal`: a sealed host stays so."""

    state_dir: Path
    network_id: str | None
    keeps_seal: bool
    is_json: bool


@dataclass(frozen=True, slots=True)
class InstallSettings:
    state_dir: Path
    is_dry: bool
    is_json: bool


def _declare_runner(parser: Parser) -> None:
    declare.state_dir(parser)
    declare.network(parser)
    declare.insecure(parser)
    parser.add_argument(
        "--log-format", choices=["json", "plain"], help="default: plain on a terminal (WIRETY_LOG_FORMAT)"
    )
    parser.add_argument("--log-level", choices=LOG_LEVELS, help="default: info (WIRETY_LOG_LEVEL)")
    option(parser, "metrics_port", "PORT", "serve Prometheus metrics on this port")
    option(parser, "metrics_address", "ADDRESS", "serve them on this address of the host; default 127.0.0.1")
    confirm = "undo a change after which the control plane is out of reach for so long"
    option(parser, "confirm_within", "SECONDS", f"{confirm}; default {CONFIRM_WITHIN_S:.0f}")
    days = "replace a regular peer's WireGuard key this often; 0: only when asked to"
    option(parser, "key_days", "DAYS", f"{days}; default {DEFAULT_KEY_DAYS:.0f}")
    _declare_jump(parser)
    _declare_full_encapsulation(parser)


def _declare_jump(parser: Parser) -> None:
    text = "of a jump: where masquerading happens, repeatable; default: where routes go"
    option(parser, "nat_interface", "NAME", text, action="append")
    switch(parser, "manage_forward", "of a jump: add one rule to other firewalls that drop what it forwards")


def _declare_full_encapsulation(parser: Parser) -> None:
    switch(parser, "no_lan", "with full encapsulation: the local network is not reached either")


def _declare_run(parser: Parser) -> None:
    switch(parser, "once", "fetch, apply, report and end; for scripts")
    _declare_runner(parser)
    declare.json(parser)


def _read_runner(given: Given, is_once: bool, is_guard: bool) -> RunSettings:
    return RunSettings(
        state_dir=values.state_dir(given),
        network_id=given.text("network"),
        is_insecure=given.is_asked("insecure"),
        log_format=values.log_format(given),
        nat_interfaces=values.nat_interfaces(given),
        manages_forward=given.is_asked("manage_forward"),
        is_once=is_once,
        confirm_within_s=values.confirm_within_s(given),
        is_guard=is_guard,
        key_days=values.key_days(given),
        metrics_port=values.metrics_port(given),
        metrics_address=values.metrics_address(given),
        log_level=values.log_level(given),
        is_json=not is_guard and given.is_asked("json"),
        allows_lan=not given.is_asked("no_lan"),
    )


def _read_run(given: Given) -> RunSettings:
    return _read_runner(given, is_once=given.is_asked("once"), is_guard=False)


def _read_guard(given: Given) -> RunSettings:
    return _read_runner(given, is_once=False, is_guard=True)


def _declare_up(parser: Parser) -> None:
    _declare_runner(parser)
    declare.json(parser)


def _read_up(given: Given) -> UpSettings:
    return UpSettings(_read_runner(given, is_once=True, is_guard=False))


def _declare_down(parser: Parser) -> None:
    declare.state_dir(parser)
    declare.network(parser)
    switch(parser, "keep_seal", "let a host with full encapsulation send nothing rather than in the clear")
    declare.json(parser)


def _read_down(given: Given) -> DownSettings:
    keeps_seal, is_json = given.is_asked("keep_seal"), given.is_asked("json")
    return DownSettings(values.state_dir(given), given.text("network"), keeps_seal, is_json)


def _read_seal(given: Given) -> SealSettings:
    return SealSettings(values.state_dir(given))


def _declare_plan(parser: Parser) -> None:
    declare.state_dir(parser)
    declare.network(parser)
    switch(parser, "fetch", "compare with what the control plane has now")
    declare.insecure(parser)
    declare.json(parser)
    _declare_jump(parser)
    _declare_full_encapsulation(parser)


def _read_plan(given: Given) -> PlanSettings:
    return PlanSettings(
        state_dir=values.state_dir(given),
        network_id=given.text("network"),
        is_json=given.is_asked("json"),
        is_fetched=given.is_asked("fetch"),
        is_insecure=given.is_asked("insecure"),
        nat_interfaces=values.nat_interfaces(given),
        manages_forward=given.is_asked("manage_forward"),
        allows_lan=not given.is_asked("no_lan"),
    )


def _declare_install(parser: Parser) -> None:
    switch(parser, "dry_run", "say what would be done, and do nothing")
    declare.state_dir(parser)
    declare.json(parser)


def _read_install(given: Given) -> InstallSettings:
    return InstallSettings(values.state_dir(given), given.is_asked("dry_run"), given.is_asked("json"))


RUN = Command("run", "keep the tunnel in step, for ever; for a service", _declare_run, _read_run, RUN_EPILOG)
GUARD = Command(
    "guard",
    "started by run: go on in its place if it ends while a change is on trial",
    _declare_runner,
    _read_guard,
    is_listed=False,
)
SEAL = Command(
    "seal",
    "at boot: seal a host with full encapsulation until its tunnel is up",
    declare.state_dir,
    _read_seal,
    SEAL_EPILOG,
)
UP = Command("up", "bring the tunnel up again after down", _declare_up, _read_up, UP_EPILOG)
DOWN = Command(
    "down", "take the tunnel down and keep it so, without leaving the network", _declare_down, _read_down, DOWN_EPILOG
)
PLAN = Command("plan", "say what run would do to this host, without doing it", _declare_plan, _read_plan, PLAN_EPILOG)
INSTALL = Command(
    "install-service", "make the agent a systemd service of this host", _declare_install, _read_install, INSTALL_EPILOG
)
