"""One identity used twice: each kind is a function of a seed's random numbers, and has a time by which it is found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from chalicelib.domain.incident.evidence import Fact
from tests.traces.agents import AGENT, Run, ran
from tests.traces.places import CAFE, HOME, LTE, Trace, always, port
from tests.traces.wireguard import FOR_EVER, Device, Telling, simulated, told

DURATION_S = 1200.0
BEGINS_S = 200.0  # the first copy, at the earliest; until then there is one device

Copied = tuple[float, Trace]  # when the first copy begins, and the facts


@dataclass(frozen=True)
class Clone:
    """`within_s`: after the copy begins, 95 of 100 that are proved are; None: it cannot be detected. `least`: of 100,
    how many are proved at all within the trace; of the others a jump's looks, a second apart, miss the one device for
    the other."""

    trace: Callable[[Random], Copied]
    within_s: float | None
    least: int = 100


def copied(rng: Random, original: Device, *copies: Device) -> Copied:
    for copy in copies:
        copy.alive = [(BEGINS_S + rng.uniform(0, 125), FOR_EVER)]
    return min(copy.alive[0][0] for copy in copies), told(simulated([original, *copies], DURATION_S, rng), rng)


def talk(rng: Random) -> Sequence[tuple[float, float]]:
    return [(rng.uniform(0, 2), FOR_EVER)]


def two_active(rng: Random) -> Copied:
    pace = rng.uniform(0.5, 2)
    return copied(rng, Device(always(HOME), talks=talk(rng), pace_s=pace), Device(always(CAFE), talks=talk(rng)))


def idle_with_keepalive(rng: Random) -> Copied:
    return copied(rng, Device(always(HOME)), Device(always(CAFE)))


def one_active(rng: Random) -> Copied:
    return copied(rng, Device(always(HOME), talks=talk(rng)), Device(always(CAFE)))


def one_network_address(rng: Random) -> Copied:
    """Both behind one NAT, on two ports."""
    return copied(rng, Device(always(port(rng)), talks=talk(rng)), Device(always(port(rng)), talks=talk(rng)))


def idle_on_one_network_address(rng: Random) -> Copied:
    return copied(rng, Device(always(port(rng))), Device(always(port(rng))))


def sharers(number: int) -> Callable[[Random], Copied]:
    def trace(rng: Random) -> Copied:
        places = [f"198.51.{100 + i}.7:{rng.randint(1025, 65000)}" for i in range(number)]
        return copied(rng, *(Device(always(place)) for place in places))

    return trace


def routers_that_fight(rng: Random) -> Copied:
    """A pair for high availability whose standby runs its tunnel as well; each has a little traffic of its own."""
    pace = rng.uniform(5, 15)
    devices = [Device(always(place), talks=talk(rng), pace_s=pace * rng.uniform(0.9, 1.1)) for place in (HOME, CAFE)]
    return copied(rng, *devices)


def roaming_thief(rng: Random) -> Copied:
    """The copy changes its address now and then."""
    places = [LTE, CAFE, port(rng)]
    moves = Device(lambda t: places[int(t / 200) % 3], talks=talk(rng))
    return copied(rng, Device(always(HOME), talks=talk(rng)), moves)


def only_listens(rng: Random) -> Copied:
    """A copy that sends nothing is not there, to WireGuard and to everybody."""
    silent = Device(always(CAFE), keepalive_s=0)
    silent.alive = [(FOR_EVER, FOR_EVER)]
    return BEGINS_S, told(simulated([Device(always(HOME), talks=talk(rng)), silent], DURATION_S, rng), rng)


def state_directories(number: int) -> Callable[[Random], Copied]:
    """The first agent, and copies of its state directory started on other machines at once."""

    def trace(rng: Random) -> Copied:
        begins = [0.0, *(BEGINS_S + rng.uniform(0, 5) for _ in range(number - 1))]
        return begins[1], ran(
            [Run(f"run{i}", begin, lost=0.05) for i, begin in enumerate(begins)], DURATION_S, rng
        ).facts

    return trace


def key_taken_from_an_agent(rng: Random) -> Copied:
    """The thief has the WireGuard key alone. Its agent names its own handshakes, and the thief's are not among them."""
    own, thief = Device(always(HOME)), Device(always(CAFE))
    thief.alive = [(BEGINS_S + rng.uniform(0, 125), FOR_EVER)]
    looks = simulated([own, thief], DURATION_S, rng)
    made = sorted({look.handshake_at for look in looks if look.endpoint == HOME})
    seen: Sequence[Fact] = told(looks, rng, Telling(clock_s=rng.uniform(-90, 90)), AGENT)
    return thief.alive[0][0], ran([Run("a", -500, made=made)], DURATION_S, rng, seen).facts


KINDS: Mapping[str, Clone] = {
    "two_active": Clone(two_active, 60),
    "idle_with_keepalive": Clone(idle_with_keepalive, 300, least=95),
    "one_active": Clone(one_active, 900, least=80),
    "one_network_address": Clone(one_network_address, 60),
    "idle_on_one_network_address": Clone(idle_on_one_network_address, 300, least=95),
    "three_sharers": Clone(sharers(3), 500, least=95),
    "five_sharers": Clone(sharers(5), 300, least=85),
    "routers_that_fight": Clone(routers_that_fight, 300),
    "roaming_thief": Clone(roaming_thief, 300),
    "copied_state_directory": Clone(state_directories(2), 100),
    "template_started_five_times": Clone(state_directories(5), 100),
    "key_taken_from_an_agent": Clone(key_taken_from_an_agent, 600, least=90),
    "only_listens": Clone(only_listens, None),
}
