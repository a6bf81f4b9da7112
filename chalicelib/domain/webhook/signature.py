"""The signature of a delivery, by which its receiver knows that it comes from here.

Source: Standard Webhooks specification, sections "Verifying webhook authenticity" and "Symmetric signatures".
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from chalicelib.domain.webhook.event import EventId

PREFIX = "whsec_"


def secret_text(secret: bytes) -> str:
    """As people and the specification's libraries take it."""
    return PREFIX + base64.b64encode(secret).decode()


def signed_headers(event_id: EventId, at: datetime, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The headers of a delivery.

    Args:
        at: of this attempt; receivers refuse what is older than some minutes.
        secrets: all that count: a signature by each, so that a receiver may know either.
    """
    timestamp = str(int(at.timestamp()))
    content = b".".join((event_id.encode(), timestamp.encode(), body))
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(secret, content) for secret in secrets),
    }


def _signature(secret: bytes, content: bytes) -> str:
    return "v1," + base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
