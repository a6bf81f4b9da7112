"""A fleet of real agents that stands for a while; what the agents logged is printed at its end."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from infra.local.demo.api import Api
from infra.local.demo.deployment import Deployment
from infra.local.demo.fleet import JUMP, Fleet
from infra.local.lab import Lab


@contextmanager
def a_fleet(lab: Lab, deployment: Deployment, jumps: Sequence[str] = (JUMP,), version: int = 4) -> Iterator[Fleet]:
    """Jumps and two sites behind NAT, enrolled and connected, with handshakes."""
    api = Api(deployment.api_url, deployment.api_token)
    raised = Fleet(api, lab, lab.publish(deployment.port), deployment.agent_command, jumps, version)
    try:
        raised.raise_up(print)
        yield raised
    finally:
        print("\n".join(f"--- log of {agent.name}\n{agent.tail(40)}" for agent in raised.agents.values()))
        raised.remove()
        api.close()
