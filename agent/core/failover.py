"""Dead tunnels of jumps: tell the control plane, and act alone while it cannot be reached; pure.

Every heartbeat names the jumps that are dead. The control plane decides which jump serves whom. Only
when it has not answered for a moment does the agent apply the same rule by itself, and a newer bundle
overrides that.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never

from agent.bundle.received import Fetched
from agent.core.effects import Effect, Log, Rehome, SetTimer, WatchTunnels
from agent.core.events import FailoverEvent, Observed, Rehomed, TunnelAnswers, TunnelLost
from agent.core.heartbeats import say
from agent.core.resets import RESET_EVERY_S
from agent.core.state import Socket, State, Step
from agent.core.timers import Timer
from agent.host.tunnel.home_failover import home_among
from agent.host.tunnel.liveness import Target

ALONE_AFTER_S = 3.0  # without an answer of the control plane
CUT_OFF_AFTER_S = 1.0  # with its socket gone already
HANDSHAKE_S = 2.0  # WireGuard gives the time of a handshake in whole seconds
ASK_AGAIN_S = 10.0
TURN_S = 6.0  # until a jump has found another dead, and taken its peers over
IDLE_S = 25.0  # as often as an idle tunnel is kept alive: then an echo tells more
IDLE_ALONE_S = 2.0
ITS_WORD_AFTER_S = 10.0  # of contact in which no newer bundle came: then the last one holds
RESET_AFTER_S = 30.0


def handle(state: State, event: FailoverEvent) -> Step:
    match event:
        case TunnelLost():
            return _lost(state, event)
        case TunnelAnswers():
            return _alive(state, frozenset({event.jump_id}), event.at_s)
        case Rehomed():
            return _rehomed(state, event)
        case _:
            assert_never(event)


def known(state: State, fetched: Fetched) -> Step:
    """A bundle was applied: its homes hold, and what this agent decided by itself does not any more."""
    bundle = fetched.bundle
    jumps = {peer.peer_id: peer for peer in bundle.peers if peer.tunnel_address is not None}
    places = {jump_id: (str(peer.tunnel_address), peer.endpoint) for jump_id, peer in jumps.items()}
    dead = {jump_id: since_s for jump_id, since_s in state.homes.dead.items() if jump_id in places}
    homes = replace(state.homes, order=tuple(bundle.homes), places=places, dead=dead, moved=frozenset())
    return _watching(replace(state, homes=homes))


def _lost(state: State, event: TunnelLost) -> Step:
    if event.jump_id not in state.homes.places or event.jump_id in state.homes.dead:
        return state, ()
    dead = {**state.homes.dead, event.jump_id: event.since_s}
    told, effects = say(_with(state, dead=dead, told_at_s=event.at_s), event.at_s)
    wait_s = ALONE_AFTER_S if state.link.socket is Socket.UP else CUT_OFF_AFTER_S
    log = Log(logging.WARNING, "jump_unreachable", {"jump_id": event.jump_id})
    return told, (log, *effects, SetTimer(Timer.ALONE, wait_s, wait_s))


def observed(state: State, event: Observed) -> Step:
    """A new handshake shows that a dead jump is alive, also where its tunnel is not watched any more."""
    made_at_s = {state.beats.peer_ids.get(one.seen.public_key): event.at_s - one.age_s for one in event.seen}
    back = {
        jump_id
        for jump_id, since_s in state.homes.dead.items()
        if jump_id in made_at_s and made_at_s[jump_id] > since_s + HANDSHAKE_S
    }
    return _alive(state, frozenset(back), event.at_s)


def alone(state: State, at_s: float) -> Step:
    """See whether the control plane has answered, and apply the rule where it has not."""
    homes, contact_s = state.homes, state.link.contact_at_s
    if not homes.dead and not homes.moved:
        return state, ()
    asked, effects = _asked_again(state, at_s)
    if contact_s is None or contact_s <= homes.told_at_s or state.link.socket is not Socket.UP:
        moved, more = _moved(asked, _out_of_service(asked, at_s), at_s)
    elif homes.moved and contact_s - homes.moved_at_s >= ITS_WORD_AFTER_S:
        moved, more = _moved(asked, frozenset(), at_s)
    else:
        moved, more = asked, ()
    reset, last = _reset_due(moved, at_s)
    return reset, (*effects, *more, *last, SetTimer(Timer.ALONE, ALONE_AFTER_S, ALONE_AFTER_S))


def linked(before: State, after: State) -> Step:
    """The control plane went away or came back: while it is away, an idle tunnel is watched more closely."""
    was_up, is_up = (state.link.socket is Socket.UP for state in (before, after))
    return _watching(after) if was_up != is_up and after.homes.places else (after, ())


def _rehomed(state: State, event: Rehomed) -> Step:
    """The host was set up by this agent's own decision. If that changed meanwhile, set the host up again."""
    if event.dead != state.homes.moved:
        return _with(state, is_moving=True), (Rehome(state.homes.moved),)
    state = _with(state, is_moving=False)
    if event.error is not None:
        return state, (Log(logging.ERROR, "home_not_moved", {"error": event.error}),)
    watching, effects = _watching(state)
    if not event.dead:
        return watching, (Log(logging.INFO, "home_as_told_again"), *effects)
    return watching, (Log(logging.WARNING, "home_moved_alone", {"dead": sorted(event.dead)}), *effects)


def rekeyed(state: State) -> Step:
    """Another key was put in use, with the bundle as it is: set the host up by this agent's own decision again."""
    if not state.homes.moved or state.homes.is_moving:
        return state, ()
    return _with(state, is_moving=True), (Rehome(state.homes.moved),)


def _asked_again(state: State, at_s: float) -> Step:
    """While this agent relies on a dead tunnel or on its own decision, send a heartbeat now and then for its answer."""
    homes = state.homes
    is_adrift = bool(homes.moved) or _home(state) in homes.dead
    if not is_adrift or state.link.socket is not Socket.UP or at_s - homes.told_at_s < ASK_AGAIN_S:
        return state, ()
    return say(_with(state, told_at_s=at_s), at_s)


def _out_of_service(state: State, at_s: float) -> frozenset[str]:
    """The jumps to do without: the dead ones, and those that were left before. No agent goes back to one by itself,
    for two agents would not do so at the same moment. If no jump remained, only the last one tried is out of service,
    so that each has its turn."""
    homes, home = state.homes, _home(state)
    left = homes.moved | homes.dead.keys()
    if state.beats.is_jump:
        return left
    if state.following.trial is not None:  # the bundle itself may be what cuts this host off
        return homes.moved
    is_in_turn = bool(homes.moved) and at_s - homes.moved_at_s < TURN_S
    if home is None or home not in homes.dead or is_in_turn:
        return homes.moved
    return frozenset({home}) if left.issuperset(homes.order) else left


def _moved(state: State, dead: frozenset[str], at_s: float) -> Step:
    if dead == state.homes.moved:
        return state, ()
    moved = _with(state, moved=dead, moved_at_s=at_s, is_moving=True)
    return moved, () if state.homes.is_moving else (Rehome(dead),)


def _reset_due(state: State, at_s: float) -> Step:
    """Ask a jump that leaves this agent unanswered to remove this agent's section and add it again."""
    homes = state.homes
    silent = [jump_id for jump_id, since_s in homes.dead.items() if at_s - since_s >= RESET_AFTER_S]
    if not silent or (homes.reset_at_s is not None and at_s - homes.reset_at_s < RESET_EVERY_S):
        return state, ()
    turn = silent[homes.resets % len(silent)]
    return say(_with(state, reset_at_s=at_s, resets=homes.resets + 1), at_s, reset=turn)


def _alive(state: State, jump_ids: frozenset[str], at_s: float) -> Step:
    back = jump_ids & state.homes.dead.keys()
    if not back:
        return state, ()
    dead = {jump_id: since_s for jump_id, since_s in state.homes.dead.items() if jump_id not in back}
    told, effects = say(_with(state, dead=dead), at_s)
    return told, (Log(logging.INFO, "jump_reachable", {"jumps": sorted(back)}), *effects)


def _watching(state: State) -> Step:
    places: Mapping[str, tuple[str, str | None]] = state.homes.places
    own_home = None if state.beats.is_jump else _home(state)
    watched = sorted(places) if state.beats.is_jump else [own_home] if own_home in places else []
    idle_s = IDLE_S if state.link.socket is Socket.UP else IDLE_ALONE_S
    targets = tuple(
        Target(jump_id, *places[jump_id], is_home=jump_id == own_home, idle_s=idle_s) for jump_id in watched if jump_id
    )
    effect: Effect = WatchTunnels(targets)
    return state, (effect,)


def _home(state: State) -> str | None:
    return home_among(state.homes.order, state.homes.moved)


def _with(state: State, **changes: Any) -> State:
    return replace(state, homes=replace(state.homes, **changes))
