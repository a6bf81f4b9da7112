"""Networks, `/api/v1/networks`."""

from datetime import datetime

from chalicelib.wire.codec import Answer, Request


class CreateNetwork(Request, frozen=True):
    """`name`: DNS label. `cidr`: IPv4 /8../30 without host bits, private or CGNAT unless
    `allow_public`. `cidr_v6`: ULA /48../112. `domain`: default `<name>.internal`.
    `dns`: upstream resolvers, addresses."""

    name: str
    cidr: str
    cidr_v6: str | None = None
    domain: str | None = None
    dns: list[str] = []
    allow_public: bool = False


class Network(Answer, frozen=True):
    id: str
    name: str
    cidr: str
    cidr_v6: str | None
    domain: str
    dns: list[str]
    revision: int
    created_at: datetime
    updated_at: datetime
