"""Two names of one issuer: they are compared letter by letter, and what differs is told with what to change.

Source: OpenID Connect Discovery 1.0 section 4.3, OpenID Connect Core 1.0 section 3.1.3.7.
"""

PARAMETER = "OidcIssuer"


def advice(configured: str, said: str, version: object = None) -> str:
    """What to change so that `said`, which the provider says, is what is configured. `version`: the claim `ver`."""
    if "{tenantid}" in said or "/common/" in configured or "/organizations/" in configured:
        return (
            f"The address serves all tenants, and their tokens name another issuer each: set {PARAMETER} to the "
            "issuer of your own tenant, with its id."
        )
    if version == "1.0":
        return (
            "The token is of version 1.0: set requestedAccessTokenVersion to 2 in the manifest of the application that "
            f"the token is for, or set {PARAMETER} and OidcDiscoveryUrl to those of version 1.0."
        )
    if configured.rstrip("/") == said.rstrip("/"):
        return f"They differ by a slash at the end: set {PARAMETER} to {said}"
    if configured == f"https://{said}":
        return (
            "The token names its issuer without https://, as Google did in ways of signing in before OpenID Connect: "
            "sign in by the console, or ask for an ID token by OpenID Connect."
        )
    return f"If that is the provider you mean, set {PARAMETER} to {said}"
