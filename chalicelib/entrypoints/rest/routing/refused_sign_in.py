"""Why somebody could not sign in, as one line of log for whoever can mend it; never the token."""

from chalicelib.domain.errors import Refusal
from chalicelib.domain.identity.errors import IdentityProviderUnreachable, IssuerDiffers, NotInvited, TokenRefused
from chalicelib.observability import logger

LONGEST = 300  # of a fact: what a token says may be of any length and by anybody
EVENT = "sign_in_refused"


def log_sign_in(refusal: Refusal) -> None:
    """Nothing for a refusal of another kind."""
    match refusal:
        case TokenRefused(reason="expired"):
            logger.info(EVENT, extra={"reason": "expired"})
        case TokenRefused():
            facts = {name: str(fact)[:LONGEST] for name, fact in refusal.facts.items() if fact is not None}
            logger.warning(EVENT, extra={"reason": refusal.reason, "facts": facts})
        case NotInvited():
            doubts = {doubt.code: doubt.text for doubt in refusal.doubts}
            logger.warning(EVENT, extra={"reason": refusal.code, "subject": refusal.subject, "doubts": doubts})
        case IssuerDiffers():
            facts = {"configured": refusal.configured, "said": refusal.said[:LONGEST]}
            logger.error(EVENT, extra={"reason": refusal.code, "facts": facts})
        case IdentityProviderUnreachable():
            logger.warning(EVENT, extra={"reason": refusal.code})
