"""What `doctor` is to know of TLS: which store counts, whose certificate the control plane shows, and the verdict."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from agent.adapters.control_plane.certificates import StoreUnusable, store
from agent.adapters.control_plane.connecting import Unanswered, Way
from agent.adapters.control_plane.dialling import Dialler
from agent.adapters.control_plane.verdicts import Shown, shown

TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Examined:
    """`store`: in words, with its path. `certificate` None: none was seen. `refused`: why there is no connection, as a
    call says it; None: there is one."""

    store: str
    certificate: Shown | None
    refused: str | None


def examined(server: str, dialler: Dialler | None = None, timeout_s: float = TIMEOUT_S) -> Examined | None:
    """None: the server is not spoken to by TLS.

    Raises:
        SettingsInvalid: the environment's proxy cannot be used.
    """
    if urlsplit(server).scheme != "https":
        return None
    try:
        chosen = store()
    except StoreUnusable as unusable:
        return Examined("the environment's store", None, str(unusable))
    way = Way.to(server, dialler)
    der = way.certificate(timeout_s)
    certificate = shown(der) if der is not None else None
    try:
        way.open(timeout_s).close()
    except Unanswered as failed:
        return Examined(str(chosen), certificate, str(failed))
    return Examined(str(chosen), certificate, None)
