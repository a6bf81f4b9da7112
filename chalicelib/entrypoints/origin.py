"""The one origin: every call and every socket comes by the CDN, which proves itself with a secret.

What comes past it, to the APIs' own addresses, is refused before anything is read: what stands at the CDN (rules
against floods, the security headers) counts for all, and the viewer's address that the CDN writes is always true.
"""

import hmac
from collections.abc import Mapping

from chalicelib.bootstrap.container import container


def came_by_the_origin(headers: Mapping[str, str]) -> bool:
    """Whether the CDN made this call. `headers`: names in lower case.

    Two secrets count while one takes the other's place.
    """
    shown = headers.get("x-origin-secret", "").encode()
    return any(hmac.compare_digest(shown, secret.encode()) for secret in container().settings.origin_secrets)
