"""Takes secrets out of texts that go to somebody else; pure.

Two ways at once: every secret that is known here is looked for in the forms it may be written in, and whatever
looks like a key or a token goes as well, unless it is known to be public.
"""

import base64
import binascii
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

REMOVED = "(removed)"
SHORTEST = 8  # characters of a secret that is looked for everywhere: a shorter one would take half of the text along
# A field of JSON, at any depth of quoting.
FIELD = re.compile(
    r"""\b(?:\w*preshared_key|private_key|next_private_key|device_key|token|session|secret|passphrase|password)
    \\*"\s*:\s*\\*"([^"\\]+)""",
    re.VERBOSE | re.IGNORECASE,
)
SETTING = re.compile(r"(?im)^\s*(?:export\s+)?\w*(?:TOKEN|SECRET|PASS|KEY)\w*\s*=\s*[\"']?([^\s\"']+)")
PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"()wirety_[a-z]+\.[\w:.=+/~-]+",  # the deployment's own tokens
        r"()(?:Wx)?eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",  # a JSON Web Token
        r"(?i)(\bbearer\s+)[^\s\"'\\,]+",
        r"(?i)(\bauthorization\\*[\"']?\s*[:=]\s*\\*[\"']?)[^\"'\\\n]+",
        r"(\w://)[^/\s@\"']+(?=@)",  # a URL's user and password
        r"()-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----",
    )
)
KEY = re.compile(r"(?<![\w+/=-])(?:[A-Za-z0-9+/]{43}=|[A-Za-z0-9_-]{43}=?|[0-9a-fA-F]{64})(?![\w+/=-])")


@dataclass(slots=True)
class Redaction:
    """`secrets` as they are used, `public`: keys that may be shown, base64."""

    secrets: Collection[str]
    public: Collection[str] = ()
    _forms: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        forms = {form for secret in self.secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        self._forms = tuple(sorted(forms - set(self.public), key=len, reverse=True))

    def redacted(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, REMOVED)
        for pattern in PATTERNS:
            text = pattern.sub(rf"\g<1>{REMOVED}", text)
        return KEY.sub(lambda found: found[0] if found[0] in self.public else REMOVED, text)

    def holds(self, text: str) -> bool:
        """Whether a known secret is still in it."""
        return any(form in text for form in self._forms)


def of_fields(text: str) -> set[str]:
    """What fields of such names hold, in JSON."""
    return set(FIELD.findall(text))


def of_settings(text: str) -> set[str]:
    """What variables of such names hold, in lines `NAME=value`."""
    return set(SETTING.findall(text))


def _forms(secret: str) -> Iterator[str]:
    """As it is, and its bytes and the bytes it stands for in hex and base64."""
    yield secret
    yield from _encoded(secret.encode())
    for decode in (base64.b64decode, bytes.fromhex):
        try:
            yield from _encoded(decode(secret))
        except (ValueError, binascii.Error):
            continue


def _encoded(raw: bytes) -> Iterable[str]:
    if len(raw) < SHORTEST:
        return
    standard, url = base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()
    yield from (raw.hex(), raw.hex().upper(), standard, url, standard.rstrip("="), url.rstrip("="))
