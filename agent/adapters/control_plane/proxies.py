"""The environment's proxy for an origin, by one rule for calls and sockets.

Source: curl(1), "Environment", whose names and NO_PROXY every tool follows; address ranges as in Go's httpproxy.
"""

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, getproxies_environment, proxy_bypass

from agent.errors import SettingsInvalid

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """`scheme` http or https: how it is spoken to. `login`: user and password, joined by a colon."""

    scheme: str
    host: str
    port: int
    login: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"the proxy {self.host}:{self.port}"


def proxy_of(server: str) -> Proxy | None:
    """None: NO_PROXY names the origin's host, or there is none.

    Raises:
        SettingsInvalid: it is of a kind that cannot be used.
    """
    parts = urlsplit(server)
    host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 443)
    proxies = getproxies()
    named = proxies.get(parts.scheme) or proxies.get("all")
    if not named or _is_bypassed(host, port):
        return None
    proxy = urlsplit(named if "://" in named else f"http://{named}")
    if proxy.scheme not in PORTS or not proxy.hostname:
        kind = proxy.scheme if proxy.scheme not in PORTS else "nameless"
        raise SettingsInvalid(
            f"the environment's proxy for {host} is of a kind that cannot be used ({kind}): set HTTPS_PROXY to one that"
            f" begins with http:// or https://, or NO_PROXY={host} to go without"
        )
    return Proxy(proxy.scheme, proxy.hostname, _port(proxy), _login(proxy))


def _is_bypassed(host: str, port: int) -> bool:
    environment = getproxies_environment()
    if not environment:
        return bool(proxy_bypass(host))  # the system's settings, on macOS and Windows
    entries = environment.get("no", "").replace(",", " ").split()
    return any(_names(entry.lower(), host.lower().rstrip("."), port) for entry in entries)


def _names(entry: str, host: str, port: int) -> bool:
    """Whether an entry is this host, a domain or a range that holds it, or all."""
    if entry == "*":
        return True
    name, its_port = _split(entry)
    if its_port is not None and its_port != port:
        return False
    try:
        return ip_address(host) in ip_network(name, strict=False)
    except ValueError:
        domain = name.removeprefix("*").strip(".")
        return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _split(entry: str) -> tuple[str, int | None]:
    """An entry's name and port; an IPv6 address with a port is in brackets."""
    bare, colon, port = entry.rpartition(":")
    if colon and port.isdigit() and (":" not in bare or bare.endswith("]")):
        return bare.strip("[]"), int(port)
    return entry.strip("[]"), None


def _port(proxy: SplitResult) -> int:
    try:
        return proxy.port or PORTS[proxy.scheme]
    except ValueError:
        raise SettingsInvalid("the environment's proxy has a port that is no number: correct HTTPS_PROXY") from None


def _login(proxy: SplitResult) -> str | None:
    if not proxy.username:
        return None
    return f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
