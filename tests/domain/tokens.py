"""A token for tests of tokens and of what they open."""

from chalicelib.domain.identity.tokens import Token

TOKEN = Token("wirety_enroll", "net_1:dyn_1", "s3cret")
