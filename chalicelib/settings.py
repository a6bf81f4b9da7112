"""The environment, read once into one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit


class InvalidSetting(ValueError):
    """A variable does not say what it should; the message says which and what to write."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Names of the DynamoDB tables."""

    networks: str
    peers: str
    allocations: str
    changes: str
    presence: str
    sockets: str
    sessions: str
    accounts: str
    audit: str
    incidents: str
    webhooks: str


@dataclass(frozen=True, slots=True)
class Oidc:
    """How people sign in. `issuer` empty: they cannot. `discovery_url`: the provider's
    openid-configuration, which may lie on another host. `audience` empty: ID tokens for
    `client_id`. `groups_claim`: a claim's name, or the path to one by dots. `group_roles`: role by
    group (see top_level); empty: groups named `wirety-` and the role. `administrator`: a subject or verified e-mail.
    `default_role` empty: none."""

    issuer: str
    discovery_url: str
    client_id: str
    audience: str
    groups_claim: str
    group_roles: Mapping[str, str]
    administrator: str
    default_role: str


@dataclass(frozen=True, slots=True)
class CallsPerMinute:
    """The most that pass, see domain/identity/limits. Generous enough for tools that write by the hundred, and for a
    fleet behind one address that comes back together."""

    writes: int = 1200
    enrollments: int = 600
    sessions: int = 6000
    refusals: int = 600


@dataclass(frozen=True, slots=True)
class Settings:
    """`origin`: the one URL that people and agents know, empty where a function is not told.
    `websocket_endpoint`: the socket API's management URL. `origin_secrets`: each proves that a
    request came by the one origin; with none, none did. `data_key_id`: the KMS key that seals
    networks' secrets. `webhooks_to_loopback`: of the local stack, where receivers are on this machine.
    `user_pool_id`: the deployment's own pool, empty for another issuer. `return_after`: so long a
    jump that was down serves before its peers come back. `endpoint_url`: an emulator of AWS, None for AWS itself."""

    tables: Tables
    oidc: Oidc
    push_queue_url: str
    check_queue_url: str
    plan_dead_letter_queue_url: str
    revoke_dead_letter_queue_url: str
    removal_queue_url: str
    failover_queue_url: str
    held_queue_url: str
    webhook_queue_url: str
    webhook_dead_letter_queue_url: str
    webhooks_to_loopback: bool
    notification_topic_arn: str
    data_key_id: str
    user_pool_id: str
    return_after: timedelta
    origin: str
    websocket_endpoint: str
    origin_secrets: tuple[str, ...]
    region: str
    endpoint_url: str | None
    generation: int
    version: str
    calls_per_minute: CallsPerMinute

    @property
    def hosts(self) -> frozenset[str]:
        """The names that peers and people must find, whatever a network's resolvers answer: of the origin and of
        the identity provider."""
        urls = (self.origin, self.oidc.issuer, self.oidc.discovery_url)
        return frozenset(host for url in urls if (host := urlsplit(url).hostname))


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read the variables that infra/resources.yaml sets; a function is given only those it uses."""

    def table(name: str) -> str:
        return environment.get(f"{name.upper()}_TABLE", "")

    return Settings(
        tables=Tables(*(table(name) for name in Tables.__slots__)),
        oidc=_oidc(environment),
        push_queue_url=environment.get("PUSH_QUEUE_URL", ""),
        check_queue_url=environment.get("CHECK_QUEUE_URL", ""),
        plan_dead_letter_queue_url=environment.get("PLAN_DEAD_LETTER_QUEUE_URL", ""),
        revoke_dead_letter_queue_url=environment.get("REVOKE_DEAD_LETTER_QUEUE_URL", ""),
        removal_queue_url=environment.get("REMOVAL_QUEUE_URL", ""),
        failover_queue_url=environment.get("FAILOVER_QUEUE_URL", ""),
        held_queue_url=environment.get("HELD_QUEUE_URL", ""),
        webhook_queue_url=environment.get("WEBHOOK_QUEUE_URL", ""),
        webhook_dead_letter_queue_url=environment.get("WEBHOOK_DEAD_LETTER_QUEUE_URL", ""),
        webhooks_to_loopback=environment.get("WEBHOOKS_TO_LOOPBACK") == "true",
        notification_topic_arn=environment.get("NOTIFICATION_TOPIC_ARN", ""),
        data_key_id=environment.get("DATA_KEY_ID", ""),
        user_pool_id=environment.get("USER_POOL_ID", ""),
        return_after=timedelta(seconds=int(environment.get("RETURN_AFTER_S", "300"))),
        origin=environment.get("CONSOLE_URL", ""),
        websocket_endpoint=environment.get("WEBSOCKET_ENDPOINT", ""),
        origin_secrets=tuple(filter(None, environment.get("ORIGIN_SECRETS", "").split(","))),
        region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1",
        endpoint_url=environment.get("AWS_ENDPOINT_URL") or None,
        generation=int(environment.get("GENERATION", "1")),
        version=VERSION,
        calls_per_minute=CallsPerMinute(
            **{
                name: int(said)
                for name in CallsPerMinute.__slots__
                if (said := environment.get(f"{name.upper()}_PER_MINUTE"))
            }
        ),
    )


def _oidc(environment: Mapping[str, str]) -> Oidc:
    issuer = environment.get("OIDC_ISSUER", "")
    return Oidc(
        issuer=issuer,
        discovery_url=environment.get("OIDC_DISCOVERY_URL") or f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_id=environment.get("OIDC_CLIENT_ID", ""),
        audience=environment.get("OIDC_AUDIENCE", ""),
        groups_claim=environment.get("OIDC_GROUPS_CLAIM") or "cognito:groups",
        group_roles=group_roles_of(environment.get("OIDC_GROUP_ROLES", "")),
        administrator=environment.get("ADMINISTRATOR", ""),
        default_role=environment.get("DEFAULT_ROLE", ""),
    )


def group_roles_of(text: str) -> dict[str, str]:
    """Read `role=group;role=group`: role by group, see top_level.

    Raises:
        InvalidSetting: a part is no role and group, or a group has two roles.
    """
    found: dict[str, str] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        role, _, group = map(str.strip, part.partition("="))
        if role not in ROLES or not group:
            raise InvalidSetting(
                f"OIDC_GROUP_ROLES: {part!r} is no role and group. Write role=group;role=group, each role one of "
                f"{', '.join(ROLES)}; a group is named by what the token says, and may hold anything but a semicolon."
            )
        known = found.setdefault(top_level(group), role)
        if known != role:
            raise InvalidSetting(f"OIDC_GROUP_ROLES: {group!r} has the roles {known} and {role}. Leave one of them.")
    return found


def top_level(group: str) -> str:
    """A group by its name, where it was written with the slash of a path of one part; a longer path as it is."""
    return group.removeprefix("/") if group.count("/") == 1 else group


ROLES = ("administrator", "operator", "auditor", "member")
VERSION = "0.1.0"
