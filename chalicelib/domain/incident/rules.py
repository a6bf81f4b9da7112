"""When something is an incident and what follows, settable for each network."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from chalicelib.domain.errors import Invalid


class IncidentType(StrEnum):
    """What can be wrong with a peer."""

    SESSION_CONFLICT = "session_conflict"
    SHARED_CONFIG = "shared_config"
    SUSPICIOUS_ACTIVITY = "suspicious_activity"


class Reaction(StrEnum):
    """What follows. `off`: nothing is kept. `alert`: record and notify. `reject`: the newcomer gets no session."""

    OFF = "off"
    ALERT = "alert"
    REJECT = "reject"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Threshold:
    """The values that a setting takes. `most` of what is counted is what the detector remembers."""

    least: int
    most: int
    source: str


LABORATORY = "recordings of cloned and honest peers at a jump, re-sampled at every phase of its looks"
EARLY = "idle devices renew at the fifth keepalive of 25 s; of two, one does within 62.5 s of the other"
THRESHOLDS: Mapping[str, Threshold] = {
    "overlap_s": Threshold(0, 600, "a rolling update that starts the next instance before it stops the last"),
    "window_s": Threshold(120, 3600, LABORATORY),
    "early_handshake_s": Threshold(
        10, 110, "half of the 120 s after which a session is renewed: WireGuard, section 6.1"
    ),
    "early_handshakes": Threshold(2, 8, LABORATORY),
    "quick_return_s": Threshold(5, 30, "a lone client was away 37 s and more; every clone came back within 15 s"),
    "turn_return_s": Threshold(5, 60, "three and more that keep alive each 25 s are away up to 25 s"),
    "turn_endpoints": Threshold(3, 8, "two of one household's uplinks are common, three that take turns are not"),
    "bare_returns": Threshold(2, 8, LABORATORY),
    "denied_handshakes": Threshold(2, 8, "one may be lost when an interface is made anew"),
    "denial_tolerance_s": Threshold(
        2, 30, "looks each second, ages in whole seconds, and a handshake's retries of 5 s"
    ),
    "quiet_s": Threshold(60, 900, "REJECT_AFTER_TIME: no session from before is alive then; WireGuard, section 6.1"),
    "address_changes": Threshold(2, 30, "a carrier that changes addresses every few hours makes 8 a day"),
    "address_window_s": Threshold(3600, 86_400, "a day: commuters come back to the same addresses"),
    "host_returns": Threshold(2, 8, "one renaming and one correction are honest"),
    "strict_s": Threshold(30, 3600, "the literal rule of other systems: another address within 5 minutes"),
    "observer_blocks": Threshold(0, 100, "a household's file that was passed on, on one jump in an hour"),
    "observer_percent": Threshold(0, 50, "what a lying jump may cost before a person looks at it"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The settings in force; `_s`: seconds. `shadow`: only record what would have been done."""

    session_conflict: Reaction = Reaction.BLOCK
    shared_config: Reaction = Reaction.BLOCK
    suspicious_activity: Reaction = Reaction.ALERT
    shadow: bool = False
    strict: bool = False
    overlap_s: int = 90
    window_s: int = 600
    early_handshake_s: int = 65
    early_handshakes: int = 2
    quick_return_s: int = 15
    turn_return_s: int = 30
    turn_endpoints: int = 3
    bare_returns: int = 2
    denied_handshakes: int = 2
    denial_tolerance_s: int = 10
    quiet_s: int = 180
    address_changes: int = 10
    address_window_s: int = 86_400
    host_returns: int = 2
    strict_s: int = 300
    observer_blocks: int = 3
    observer_percent: int = 5

    def reaction(self, kind: IncidentType) -> Reaction:
        return {
            IncidentType.SESSION_CONFLICT: self.session_conflict,
            IncidentType.SHARED_CONFIG: self.shared_config,
            IncidentType.SUSPICIOUS_ACTIVITY: self.suspicious_activity,
        }[kind]

    def thresholds(self, names: tuple[str, ...]) -> Mapping[str, int]:
        return {name: getattr(self, name) for name in names}


DEFAULTS = Rules()


def changed(rules: Rules, settings: Mapping[str, object]) -> Rules:
    """The rules with some settings changed, as they come from a person.

    Raises:
        Invalid: settings that are unknown, of another type, out of range, or contradict each other; all of them.
    """
    errors = [(name, why) for name, value in settings.items() if (why := _refused(name, value)) is not None]
    if errors:
        raise Invalid(errors)
    reactions = {kind.value for kind in IncidentType}
    parsed = {name: Reaction(str(value)) if name in reactions else value for name, value in settings.items()}
    after = replace(rules, **parsed)  # type: ignore[arg-type]  # each was checked by its name
    if after.turn_return_s < after.quick_return_s:
        raise Invalid([("turn_return_s", f"must not be below quick_return_s, which is {after.quick_return_s}")])
    return after


def _refused(name: str, value: object) -> str | None:
    """Why a value cannot be set; None when it can."""
    if name in set(IncidentType):
        known = [reaction.value for reaction in Reaction]
        return None if value in known else f"must be one of {', '.join(known)}"
    if name in ("shadow", "strict"):
        return None if isinstance(value, bool) else "must be true or false"
    threshold = THRESHOLDS.get(name)
    if threshold is None:
        return f"is no setting of detection; those are {', '.join(field.name for field in fields(Rules))}"
    if isinstance(value, bool) or not isinstance(value, int):
        return "must be a whole number"
    if not threshold.least <= value <= threshold.most:
        return f"must be {threshold.least} to {threshold.most}"
    return None
