"""The control plane over memory, with agents that behave: for flows and counting."""

from dataclasses import dataclass

from tests.clients import HOST, SimulatedAgent, Socket
from tests.deployment import ENVIRONMENT, MemoryDeployment

__all__ = ["ENVIRONMENT", "HOST", "SimulatedAgent", "Socket", "World"]


@dataclass
class World(MemoryDeployment):
    """A deployment in memory that agents enrol in."""

    def agent(self, network: str, kind: str, name: str, **fields: object) -> SimulatedAgent:
        """Create a peer and enrol an agent for it."""
        body = {"kind": kind, "name": name, **({"endpoint": "198.51.100.1"} if kind == "jump" else {}), **fields}
        created = self.api("POST", f"/networks/{network}/peers", body).json
        agent = SimulatedAgent(self, name)
        assert agent.enroll(created["enrollment_token"]).status == 200
        return agent
