"""Everything honest that once looked like a copy to a jump: each kind is a function of a seed's random numbers."""

from collections.abc import Callable, Mapping
from random import Random

from chalicelib.domain.ids import PeerId
from chalicelib.domain.incident.evidence import Lifecycle, LifecycleKind
from tests.traces.places import (
    CAFE,
    DURATION_S,
    HOME,
    LTE,
    Trace,
    always,
    busy,
    by_span,
    dwelling,
    one,
    ordered,
    port,
    restarted_at,
)
from tests.traces.wireguard import FOR_EVER, PARIS, PEER, Device, Telling, at, simulated, told

LONDON = PeerId("jmp_london")


# ---- where and how a device is used ----------------------------------------------------------------------------


def busy_laptop(rng: Random) -> Trace:
    return one(Device(always(HOME), talks=busy(rng)), rng)


def idle_phone(rng: Random) -> Trace:
    return one(Device(always(LTE)), rng)


def roams_once(rng: Random) -> Trace:
    return one(Device(by_span([(0, HOME), (rng.uniform(300, 900), CAFE)]), talks=busy(rng)), rng)


def nat_rebinds(rng: Random) -> Trace:
    spans = dwelling(rng, 30, 300, [port(rng) for _ in range(40)])
    return one(Device(by_span(spans), talks=busy(rng)), rng)


def cgnat_rotates(rng: Random) -> Trace:
    spans = [
        (i * rng.uniform(9_000, 12_000), f"100.64.{i}.{rng.randint(1, 250)}:{rng.randint(1025, 65000)}")
        for i in range(7)
    ]
    return one(Device(by_span(sorted(spans))), rng, until=60_000)


def switches_family(rng: Random) -> Trace:
    spans = dwelling(rng, 20, 200, [HOME, "[2001:db8:7::19]:51820"])
    return one(Device(by_span(spans), talks=busy(rng)), rng)


def renews_privacy_address(rng: Random) -> Trace:
    places = [f"[2001:db8:7::{rng.randint(1, 65000):x}]:51820" for _ in range(40)]
    return one(Device(by_span(dwelling(rng, 60, 400, places)), talks=busy(rng)), rng)


def sleeps_and_wakes(rng: Random) -> Trace:
    spans = dwelling(rng, 40, 400, [HOME])
    alive = [(start, start + rng.uniform(20, 40)) for start, _ in spans]
    return one(Device(always(HOME), talks=busy(rng), alive=alive), rng)


def wakes_elsewhere(rng: Random) -> Trace:
    spans = dwelling(rng, 60, 400, [HOME, CAFE])
    alive = [(start, start + rng.uniform(20, 50)) for start, _ in spans]
    return one(Device(by_span(spans), talks=busy(rng), alive=alive), rng)


def flips_networks(rng: Random) -> Trace:
    return one(Device(by_span(dwelling(rng, 16, 70, [HOME, LTE])), talks=busy(rng)), rng)


def flips_with_stalls(rng: Random) -> Trace:
    return one(Device(by_span(dwelling(rng, 30, 80, [HOME, LTE], stall=25)), talks=busy(rng)), rng)


def flips_quickly_with_stalls(rng: Random) -> Trace:
    return one(Device(by_span(dwelling(rng, 12, 40, [HOME, LTE], stall=25)), talks=busy(rng)), rng)


def alternates_as_recorded(rng: Random) -> Trace:
    """Each 37 to 45 s the other address, with an early handshake often."""
    return one(Device(by_span(dwelling(rng, 37, 45, [HOME, CAFE], stall=18)), talks=[(0, DURATION_S)]), rng)


def uplinks_flap(rng: Random) -> Trace:
    spans = dwelling(rng, 10, 30, [HOME, CAFE])
    return one(Device(by_span(spans), talks=busy(rng), resets=restarted_at(spans)), rng)


def uplinks_flap_lossy(rng: Random) -> Trace:
    spans = dwelling(rng, 9, 15, [HOME, CAFE])
    return one(Device(by_span(spans), talks=[(0, DURATION_S)], resets=restarted_at(spans)), rng, loss=0.15)


def uplinks_storm(rng: Random) -> Trace:
    start = rng.uniform(200, 600)
    storm = [(start + i * rng.uniform(3, 5), (CAFE, HOME)[i % 2]) for i in range(10)]
    spans = [(0.0, HOME), *sorted(storm)]
    return one(Device(by_span(spans), talks=busy(rng), resets=restarted_at(spans)), rng)


def three_uplinks_flap(rng: Random) -> Trace:
    spans = dwelling(rng, 8, 30, [HOME, CAFE, LTE])
    return one(Device(by_span(spans), talks=busy(rng), resets=restarted_at(spans)), rng)


def on_demand_tunnel(rng: Random) -> Trace:
    spans = dwelling(rng, 11, 14, [HOME, LTE])
    return one(Device(by_span(spans), talks=[(0, DURATION_S)], resets=restarted_at(spans)), rng)


def balanced_by_packet(rng: Random) -> Trace:
    pace = rng.uniform(2, 8)
    return one(Device(lambda t: (HOME, CAFE)[int(t / pace) % 2], talks=[(0, DURATION_S)], pace_s=pace), rng)


def routers_take_over(rng: Random) -> Trace:
    """A pair with one key and one address each; the one is stopped before the other is started."""
    changes = sorted(rng.uniform(200, 1100) for _ in range(3))
    first = Device(always(HOME), talks=[(0, DURATION_S)], alive=[(0, changes[0]), (changes[1] + 2, changes[2])])
    second = Device(
        always(CAFE), talks=[(0, DURATION_S)], alive=[(changes[0] + 2, changes[1]), (changes[2] + 2, FOR_EVER)]
    )
    return told(simulated([first, second], DURATION_S, rng), rng)


def file_moved_to_new_phone(rng: Random) -> Trace:
    moved = rng.uniform(300, 900)
    old = Device(always(HOME), talks=busy(rng), alive=[(0, moved)])
    new = Device(
        by_span([(0, port(rng)), (moved + 300, LTE)]), talks=busy(rng), alive=[(moved + rng.uniform(5, 90), FOR_EVER)]
    )
    return told(simulated([old, new], DURATION_S, rng), rng)


def lossy_link(rng: Random) -> Trace:
    return one(Device(always(LTE), talks=[(0, DURATION_S)]), rng, loss=rng.uniform(0.2, 0.45))


def restarts_in_a_loop(rng: Random) -> Trace:
    spans = dwelling(rng, 3, 40, [port(rng) for _ in range(200)])
    return one(Device(by_span(spans), talks=busy(rng), resets=restarted_at(spans)), rng)


# ---- jumps -----------------------------------------------------------------------------------------------------


def two_jumps_see_two_addresses(rng: Random) -> Trace:
    near = one(Device(always(HOME), talks=busy(rng)), rng)
    far = one(Device(always("[2001:db8:7::19]:51820")), rng, how=Telling(LONDON, "london"))
    return ordered([*near, *far])


def jump_restarts(rng: Random) -> Trace:
    """All shake hands again, from wherever they are by now."""
    restarts = sorted(rng.uniform(100, 900) for _ in range(3))
    soon = [restart + rng.uniform(0, 60) for restart in restarts for _ in range(3)]
    spans = dwelling(rng, 8, 40, [HOME, LTE])
    device = Device(by_span([(0, HOME), *spans[5:15]]), talks=busy(rng), resets=[*restarts, *soon])
    return one(device, rng, how=Telling(starts=(-7200.0, *restarts)))


def held_up_frames(rng: Random) -> Trace:
    """The jump's own uplink stands still, and what it saw arrives together."""
    stalls = [(t, t + rng.uniform(30, 110)) for t in (200.0, 500.0, 900.0)]
    device = Device(by_span(dwelling(rng, 30, 60, [HOME, LTE], stall=20)), talks=busy(rng))
    return one(device, rng, how=Telling(stalls=stalls, clock_s=rng.uniform(-90, 90)))


def is_moved_to_another_home(rng: Random) -> Trace:
    moved = rng.uniform(300, 900)
    near = one(Device(always(HOME), talks=busy(rng), alive=[(0, moved + 5)]), rng)
    resets = [moved + 7 + rng.uniform(0, 20) for _ in range(3)]
    far = one(
        Device(
            by_span([(0, HOME), (moved + 10, LTE), (moved + 18, HOME)]),
            talks=busy(rng),
            alive=[(moved, FOR_EVER)],
            resets=resets,
        ),
        rng,
        how=Telling(LONDON, "london"),
    )
    return ordered([Lifecycle(PEER, LifecycleKind.MOVED, at(moved)), *near, *far])


def quiet(kind: LifecycleKind) -> Callable[[Random], Trace]:
    """Something done to the peer makes its device and its helper of old shake hands by turns for a while."""

    def trace(rng: Random) -> Trace:
        start = rng.uniform(200, 900)
        old = Device(always(HOME), talks=[(0, DURATION_S)], alive=[(0, start + 120)], resets=[start + 3])
        new = Device(always(LTE), talks=[(0, DURATION_S)], alive=[(start + 1, FOR_EVER)])
        seen = told(simulated([old, new], DURATION_S, rng), rng)
        observer_id = PARIS if kind is LifecycleKind.PSK_CHANGED else None
        return ordered([Lifecycle(PEER, kind, at(start), observer_id), *seen])

    return trace


KINDS: Mapping[str, Callable[[Random], Trace]] = {
    kind.__name__: kind
    for kind in (
        *(busy_laptop, idle_phone, roams_once, nat_rebinds, cgnat_rotates, switches_family, renews_privacy_address),
        *(
            sleeps_and_wakes,
            wakes_elsewhere,
            flips_networks,
            flips_with_stalls,
            flips_quickly_with_stalls,
            alternates_as_recorded,
        ),
        *(uplinks_flap, uplinks_flap_lossy, uplinks_storm, three_uplinks_flap, on_demand_tunnel, balanced_by_packet),
        *(routers_take_over, file_moved_to_new_phone, lossy_link, restarts_in_a_loop),
        *(two_jumps_see_two_addresses, jump_restarts, held_up_frames, is_moved_to_another_home),
    )
} | {f"after_{kind.value}": quiet(kind) for kind in LifecycleKind if kind is not LifecycleKind.BLOCKED}
