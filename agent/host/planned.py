"""The steps of a plan as what any platform can tell of its changes; pure. No secret gets in."""

from collections.abc import Iterable
from typing import Literal, assert_never

from agent.host.firewall.other_tables import Place
from agent.host.results import PlannedChanges, PlannedPeer, PlannedStep
from agent.host.tunnel.difference import Change, Plan
from agent.host.tunnel.steps import (
    Configure,
    CreateInterface,
    EnableForwarding,
    Lay,
    LoadTable,
    Poke,
    RemovePeers,
    Step,
    StopForwarding,
)


def planned(
    steps: Iterable[Step], seal: Literal["seal", "unseal"] | None = None, opened: Iterable[Place] = ()
) -> PlannedChanges:
    """The changes, in the order in which they are made.

    Args:
        seal: a seal is made before all steps, and opened after them.
        opened: chains of other firewalls that get the agent's rule, last of all.
    """
    steps = tuple(steps)
    chains = tuple(f"chain {place.chain} of table {place.family} {place.table}" for place in opened)
    return PlannedChanges(
        steps=(
            *([PlannedStep("seal")] if seal == "seal" else []),
            *map(_step, steps),
            *([PlannedStep("unseal")] if seal == "unseal" else []),
            *([PlannedStep("open_foreign", commands=chains)] if chains else []),
        ),
        new_routes=tuple(route for step in steps if isinstance(step, Lay) for route in step.plan.new_routes),
    )


def _step(step: Step) -> PlannedStep:
    match step:
        case CreateInterface():
            return PlannedStep("create_interface")
        case RemovePeers(public_keys):
            return PlannedStep("remove_peers", removed=public_keys)
        case Configure(changes, sets_key, listen_port):
            peers = tuple(map(_peer, changes))
            return PlannedStep("configure", peers=peers, sets_private_key=sets_key, listen_port=listen_port)
        case EnableForwarding():
            return PlannedStep("enable_forwarding")
        case StopForwarding():
            return PlannedStep("stop_forwarding")
        case LoadTable(table):
            return PlannedStep("load_firewall" if table is not None else "delete_firewall")
        case Lay(plan):
            return PlannedStep("network", commands=tuple(_laid(plan)))
        case Poke(change):
            return PlannedStep("poke", peers=(_peer(change),))
        case _:
            assert_never(step)


def _peer(change: Change) -> PlannedPeer:
    section = change.section
    return PlannedPeer(
        public_key=section.public_key,
        is_new=change.is_new,
        allowed_ips=tuple(sorted(map(str, section.allowed_ips))),
        endpoint=str(change.endpoint) if change.endpoint is not None else None,
        keepalive_s=section.keepalive_s,
        has_preshared_key=section.preshared_key is not None,
    )


def _laid(plan: Plan) -> list[str]:
    return [
        *(f"address add {address}" for address in plan.new_addresses),
        *(f"address delete {address}" for address in plan.old_addresses),
        *([f"mtu {plan.mtu}"] if plan.mtu is not None else []),
        *(["link up"] if plan.brings_up else []),
        *(f"route add {route}" for route in plan.new_routes),
        *(f"route delete {route}" for route in plan.old_routes),
    ]
