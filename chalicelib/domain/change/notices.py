"""What sockets are told: hints without configuration, and facts of presence."""

from chalicelib.domain.change.agent_notices import (
    AccessRevoked,
    ConfigChanged,
    PeerEnded,
    ResetWanted,
    SignOfLifeWanted,
)
from chalicelib.domain.change.browser_notices import AccountChanged, IncidentChanged, NetworkChanged, PresenceChanged

Notice = (
    ConfigChanged
    | PeerEnded
    | AccessRevoked
    | NetworkChanged
    | PresenceChanged
    | IncidentChanged
    | AccountChanged
    | SignOfLifeWanted
    | ResetWanted
)
