"""What CloudFront passes on, changes and keeps, as values: the local front does the same.

Header names are in lower case, times in seconds. Sources: CloudFront's developer guide, "Request and response
behavior for custom origins" (RB) and "HTTP 4xx and 5xx status codes that CloudFront caches" (SC).
"""

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

CACHED_METHODS = frozenset({"GET", "HEAD"})
VIEWER = "cloudfront-viewer-address"
ALWAYS_CACHED_ERRORS = frozenset({404, 405, 414, 500, 501, 502, 503, 504})  # SC
ERRORS_CACHED_WHEN_AGED = frozenset({400, 403, 412, 415})  # SC: with max-age or s-maxage only
ERROR_S = 10  # SC: the default of ErrorCachingMinTTL
MAX_AGE = re.compile(r"(?:s-maxage|max-age)\s*=\s*([0-9]+)")
UNKEPT = ("no-store", "no-cache", "private")
# RB: what no policy lets through.
OF_THE_CONNECTION = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})
NEVER_PASSED = OF_THE_CONNECTION | {
    "expect",
    "host",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "x-real-ip",
}
NEVER_ANSWERED = OF_THE_CONNECTION | {"proxy-authenticate"}
Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What becomes of the paths of a pattern.

    `keyed`: headers of the cache's key, which pass as well; `passed`: the others that do. `encodings`: of
    `Accept-Encoding`, in CloudFront's order. `answered`: headers of every answer.
    """

    pattern: str
    origin: str
    methods: frozenset[str]
    keyed: frozenset[str]
    passed: frozenset[str]
    passes_query: bool
    encodings: tuple[str, ...]
    least_s: int
    default_s: int
    most_s: int
    answered: Mapping[str, str]

    def matches(self, path: str) -> bool:
        wild = re.escape(self.pattern).replace(r"\*", ".*").replace(r"\?", ".")
        return re.fullmatch(wild, path, re.DOTALL) is not None

    def lets_pass(self, header: str) -> bool:
        return header.lower() in self.keyed | self.passed

    def target(self, asked: str) -> str:
        """Path and query of the request to the origin, of those of the client's."""
        return asked if self.passes_query else asked.partition("?")[0]

    def key(self, method: str, target: str, asked: Headers) -> tuple[object, ...]:
        """What two requests have in common when one's answer serves the other."""
        asked = list(asked)
        shown = sorted((name.lower(), value) for name, value in asked if name.lower() in self.keyed)
        return (method, self.target(target), _taken(self.encodings, asked), *shown)

    def answer(self, headers: Headers) -> list[tuple[str, str]]:
        """The headers of the answer to the client, of the origin's. Cookies do not pass, neither way."""
        hidden = NEVER_ANSWERED | {"set-cookie"} | {name.lower() for name in self.answered}
        return [*((name, value) for name, value in headers if name.lower() not in hidden), *self.answered.items()]


@dataclass(frozen=True, slots=True)
class Cdn:
    """`behaviours` in the order in which they are tried. `origin_headers`: what each origin is sent of our own.
    `error_s`: by status, how long an error is kept at the least."""

    behaviours: tuple[Behaviour, ...]
    origin_headers: Mapping[str, Mapping[str, str]]
    error_s: Mapping[int, int]

    def behaviour(self, path: str) -> Behaviour:
        return next(behaviour for behaviour in self.behaviours if behaviour.matches(path))

    def sent(self, behaviour: Behaviour, asked: Headers, viewer: tuple[str, int]) -> list[tuple[str, str]]:
        """The headers of the request to the origin. `viewer`: the client's address and port."""
        own = self.origin_headers[behaviour.origin]
        hidden = NEVER_PASSED | {name.lower() for name in own} | {VIEWER, "x-forwarded-for"}
        asked = list(asked)
        passed = [(name, value) for name, value in asked if behaviour.lets_pass(name) and name.lower() not in hidden]
        if VIEWER in behaviour.passed | behaviour.keyed:
            passed.append((VIEWER, f"{viewer[0]}:{viewer[1]}"))
        if "user-agent" not in behaviour.keyed | behaviour.passed:
            passed.append(("User-Agent", "Amazon CloudFront"))  # RB
        if encodings := _taken(behaviour.encodings, asked):
            passed.append(("Accept-Encoding", encodings))
        forwarded = [value for name, value in asked if name.lower() == "x-forwarded-for"]
        passed.append(("X-Forwarded-For", ", ".join([*forwarded, viewer[0]])))
        return [*passed, ("Via", "1.1 front (CloudFront)"), ("X-Amz-Cf-Id", uuid.uuid4().hex), *own.items()]

    def kept_s(self, behaviour: Behaviour, method: str, status: int, cache_control: str) -> int:
        """How long an answer serves others."""
        if method not in CACHED_METHODS:
            return 0
        age = MAX_AGE.search(cache_control.lower())
        aged_s = int(age[1]) if age else 0
        if status in ALWAYS_CACHED_ERRORS or (age and status in ERRORS_CACHED_WHEN_AGED):
            return max(self.error_s.get(status, ERROR_S), aged_s)
        if status >= 300:  # what the origin says of redirects and refusals says no-store here
            return 0
        if any(word in cache_control.lower() for word in UNKEPT):
            return behaviour.least_s
        return min(max(aged_s if age else behaviour.default_s, behaviour.least_s), behaviour.most_s)


def _taken(encodings: tuple[str, ...], asked: Headers) -> str:
    """`Accept-Encoding` made uniform: of the encodings of the policy those that the client names."""
    named = ",".join(value for name, value in asked if name.lower() == "accept-encoding").lower()
    words = {part.partition(";")[0].strip() for part in named.split(",")}
    return ",".join(encoding for encoding in encodings if encoding in words)
