"""Nothing secret is left of a text, in whatever form it was written."""

import base64
import json

import pytest

from agent.commands.redaction import REMOVED, Redaction, of_fields, of_settings
from tests.agent.builders import a_private_key, a_public_key

SECRET = a_private_key("secret")
RAW = base64.b64decode(SECRET)


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        SECRET.rstrip("="),
        RAW.hex(),
        RAW.hex().upper(),
        base64.urlsafe_b64encode(RAW).decode(),
        base64.b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
    ],
)
def test_a_known_secret_goes_in_every_form(form: str) -> None:
    redaction = Redaction([SECRET])
    text = f"before-{form}-after"

    assert redaction.holds(text)
    assert redaction.redacted(text) == f"before-{REMOVED}-after"
    assert not redaction.holds(redaction.redacted(text))


def test_what_looks_like_a_key_goes_unless_it_is_public() -> None:
    public, unknown = a_public_key("a"), a_private_key("b")

    said = Redaction([], [public]).redacted(f"peer {public} secret {unknown} {base64.b64decode(unknown).hex()}.")

    assert said == f"peer {public} secret {REMOVED} {REMOVED}."


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("token wirety_enroll.net_1:dyn_1.s3cret-part here", "token (removed) here"),
        ("Authorization: Bearer abc.def\nnext", "Authorization: (removed)\nnext"),
        ('{"error":"refused: bearer sesame, sorry"}', '{"error":"refused: bearer (removed), sorry"}'),
        ("proxy http://user:pa55@proxy.example:3128/", "proxy http://(removed)@proxy.example:3128/"),
        ("-----BEGIN EC PRIVATE KEY-----abc-----END EC PRIVATE KEY-----", "(removed)"),
        ("jwt eyJhbGciOiJF.eyJzdWIiOiIx.c2ln end", "jwt (removed) end"),
    ],
)
def test_tokens_and_sessions_go_by_their_looks(text: str, kept: str) -> None:
    assert Redaction([]).redacted(text) == kept


def test_addresses_names_and_ids_stay() -> None:
    text = "dyn_1 laptop.home.internal 10.9.0.7/24 2001:db8::1 wyd62f15c8 revision 12 https://vpn.example.com/ws"

    assert Redaction([]).redacted(text) == text


def test_secrets_are_found_in_json_within_json_and_in_settings() -> None:
    body = json.dumps({"peers": [{"preshared_key": "psk-one", "next_preshared_key": None}]})
    line = json.dumps({"body": body, "keys": {"private_key": "own-key", "device_key": "device"}})

    assert of_fields(line) == {"psk-one", "own-key", "device"}
    assert of_settings("PATH=/bin\nWIRETY_TOKEN='tok'\nexport API_SECRET=s3\n") == {"tok", "s3"}
