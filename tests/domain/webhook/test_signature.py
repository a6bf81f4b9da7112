"""Signatures, by the specification's own library."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from chalicelib.domain.webhook.event import EventId
from chalicelib.domain.webhook.signature import secret_text, signed_headers

EVENT = EventId("evt_1")
SECRET, FORMER, OTHER = (bytes([number]) * 32 for number in (1, 2, 3))
BODY = b'{"type":"peer.created","data":{}}'


def verified(secret: bytes, body: bytes, headers: dict[str, str]) -> object:
    return Webhook(secret_text(secret)).verify(body, headers)


def test_the_specifications_library_verifies_what_is_signed() -> None:
    headers = signed_headers(EVENT, datetime.now(UTC), BODY, [SECRET])

    assert verified(SECRET, BODY, headers) == {"type": "peer.created", "data": {}}


def test_while_secrets_overlap_either_verifies_and_no_third_does() -> None:
    headers = signed_headers(EVENT, datetime.now(UTC), BODY, [SECRET, FORMER])

    assert verified(SECRET, BODY, headers) == verified(FORMER, BODY, headers)
    with pytest.raises(WebhookVerificationError):
        verified(OTHER, BODY, headers)


@pytest.mark.parametrize("changed", [{"webhook-id": "evt_2"}, {"webhook-timestamp": "1"}])
def test_id_and_time_are_signed_as_the_body_is(changed: dict[str, str]) -> None:
    headers = signed_headers(EVENT, datetime.now(UTC), BODY, [SECRET])

    with pytest.raises(WebhookVerificationError):
        verified(SECRET, BODY, {**headers, **changed})
    with pytest.raises(WebhookVerificationError):
        verified(SECRET, BODY + b" ", headers)


def test_an_old_delivery_is_refused_when_it_is_played_again() -> None:
    headers = signed_headers(EVENT, datetime.now(UTC) - timedelta(minutes=6), BODY, [SECRET])

    with pytest.raises(WebhookVerificationError):
        verified(SECRET, BODY, headers)


def test_the_signature_is_the_one_of_the_reference_libraries() -> None:
    """Source: `test_sign_function` of the specification's libraries."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    event_id, at = EventId("msg_p5jXN8AQM9LWM0D4loKWxJek"), datetime.fromtimestamp(1614265330, UTC)

    headers = signed_headers(event_id, at, b'{"test": 2432232314}', [secret])

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
