"""Why there was no answer, in words for whoever reads them."""

import errno
import re
import socket
import ssl
from http.client import HTTPException, IncompleteRead, RemoteDisconnected

from urllib3.exceptions import IncompleteRead as BodyCutOff
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from agent.adapters.control_plane.certificates import StoreUnusable
from agent.adapters.control_plane.proxies import Proxy
from agent.plain import plain

CUT_OFF = "the connection was cut off"
NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN, errno.EHOSTDOWN})
FORBIDDEN = frozenset({errno.EPERM, errno.EACCES})
NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"})
TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: (\d{3})")  # of http.client


def sentence(failed: BaseException, within_s: float) -> str:
    """`within_s`: what a silence has lasted."""
    match failed:
        case StoreUnusable():
            return str(failed)
        case TimeoutError() | ReadTimeoutError():
            return f"no answer within {within_s:g} s"
        case socket.gaierror():
            return _unnamed(failed)
        case ssl.SSLError():
            return _tls(failed)
        case ConnectionRefusedError():
            return "connection refused"
        case ConnectionError() | RemoteDisconnected() | IncompleteRead() | BodyCutOff():
            return CUT_OFF
        case ProtocolError():
            cause = failed.args[-1]
            return sentence(cause, within_s) if isinstance(cause, BaseException) else CUT_OFF
        case OSError():
            return _refused(failed)
        case HTTPException():
            return "what answers there does not speak HTTP"
        case _:
            return "the connection failed"


def of_proxy(proxy: Proxy, failed: BaseException, within_s: float) -> str:
    """Of a connection that ended at a proxy."""
    answered = TUNNEL_REFUSED.search(str(failed))
    if answered is None:
        return f"{proxy}: {sentence(failed, within_s)}"
    if answered[1] == "407":
        return f"{proxy} wants a login: write it into HTTPS_PROXY, as in http://user:password@{proxy.host}"
    return f"{proxy} lets nobody through to the control plane: it answered {answered[1]}"


def _unnamed(failed: socket.gaierror) -> str:
    if failed.errno == socket.EAI_AGAIN:
        return "nobody answers for its name: check this host's resolver"
    return "the name has no address"


def _tls(failed: ssl.SSLError) -> str:
    if isinstance(failed, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "the connection was cut off while TLS began"
    reason = failed.reason or ""
    if reason in NOT_TLS:
        return "what answers there does not speak TLS: check scheme and port of the server"
    return f"TLS could not begin ({plain(reason.lower().replace('_', ' ')) or 'no reason is known'})"


def _refused(failed: OSError) -> str:
    if failed.errno in NO_ROUTE:
        return "there is no route to it"
    if failed.errno in FORBIDDEN:
        return "this host's firewall forbids the connection"
    if failed.errno is None:
        return "the connection failed"
    return f"the connection failed ({errno.errorcode.get(failed.errno, str(failed.errno))})"
