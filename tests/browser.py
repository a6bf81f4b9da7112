"""A browser over the control plane in memory."""

from dataclasses import dataclass

from tests.clients import Socket


@dataclass
class SimulatedBrowser(Socket):
    """A signed-in browser: `token` is its person's, the world's own administrator by default."""

    token: str | None = None
    ticket: str = ""

    def ask_ticket(self) -> None:
        answer = self.world.api("POST", "/ws/tickets", token=self.token)
        assert answer.status == 201, answer.text
        self.ticket = answer.json["ticket"]

    def authorize(self) -> None:
        self.admitted({"queryStringParameters": {"ticket": self.ticket}})

    def connect(self) -> None:
        """Open a socket by a ticket, and say hello."""
        self.ask_ticket()
        self.authorize()
        self.open()
        self.send({"type": "hello"})
