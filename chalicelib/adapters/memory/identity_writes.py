"""The part of a commit on dicts that is people's, tokens' and the deployment's settings."""

from typing import assert_never

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.identity.writes import (
    DisownPeers,
    EnterAdministrators,
    IdentityWrite,
    LeaveAdministrators,
    OwnPeers,
    PutSettings,
    PutToken,
    PutUser,
    RemoveToken,
    RemoveUser,
)


def holds(tables: MemoryTables, write: IdentityWrite) -> bool:
    """Whether the write's own condition is met."""
    match write:
        case PutUser(user):
            stored = tables.users.get(user.id)
            return stored is None if user.revision == 1 else stored is not None and stored.revision == user.revision - 1
        case RemoveUser(user):
            stored = tables.users.get(user.id)
            return stored is not None and stored.revision == user.revision
        case PutToken(token):
            return (token.maker_id, token.id) not in tables.tokens
        case RemoveToken(token):
            return (token.maker_id, token.id) in tables.tokens
        case PutSettings(settings):
            written = 0 if tables.settings is None else tables.settings.revision
            return written == settings.revision - 1
        case LeaveAdministrators(user_id):
            return user_id not in tables.administrators or len(tables.administrators) > 1
        case OwnPeers(owner_id, _, _, limit):
            return limit is None or len(tables.owned.get(owner_id, ())) < limit
        case EnterAdministrators() | DisownPeers():
            return True
        case _:
            assert_never(write)


def write_identity(tables: MemoryTables, write: IdentityWrite) -> None:
    match write:
        case PutUser(user):
            tables.users[user.id] = user
        case RemoveUser(user):
            del tables.users[user.id]
        case PutToken(token):
            tables.tokens[token.maker_id, token.id] = token
        case RemoveToken(token):
            del tables.tokens[token.maker_id, token.id]
        case PutSettings(settings):
            tables.settings = settings
        case EnterAdministrators(user_id):
            tables.administrators.add(user_id)
        case LeaveAdministrators(user_id):
            tables.administrators.discard(user_id)
        case OwnPeers(owner_id, network_id, peer_ids, _):
            tables.owned.setdefault(owner_id, set()).update((network_id, peer_id) for peer_id in peer_ids)
        case DisownPeers(owner_id, network_id, peer_ids):
            tables.owned.get(owner_id, set()).difference_update((network_id, peer_id) for peer_id in peer_ids)
        case _:
            assert_never(write)
