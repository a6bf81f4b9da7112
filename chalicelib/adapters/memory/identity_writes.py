"""The part of a commit on dicts that is people's, tokens' and the deployment's settings."""

from typing import assert_never

from chalicelib.adapters.memory.join_keys import join_key_holds, write_join_key
from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.identity.user import invitation_id
from chalicelib.domain.identity.writes import (
    ClaimEmail,
    DisownPeers,
    EnterAdministrators,
    IdentityWrite,
    LeaveAdministrators,
    OwnPeers,
    PutJoin,
    PutJoinKey,
    PutSettings,
    PutToken,
    PutUser,
    ReleaseEmail,
    RemoveToken,
    RemoveUser,
    RevokeJoinKey,
    UseJoinKey,
)


def holds(tables: MemoryTables, write: IdentityWrite) -> bool:  # noqa: C901  one flat case a kind of write
    """Whether the write's own condition is met."""
    match write:
        case PutUser(user):
            stored = tables.users.get(user.id)
            return stored is None if user.revision == 1 else stored is not None and stored.revision == user.revision - 1
        case RemoveUser(user):
            stored = tables.users.get(user.id)
            return stored is not None and stored.revision == user.revision
        case PutToken(token):
            return token.id not in tables.tokens
        case RemoveToken(token):
            return token.id in tables.tokens
        case PutSettings(settings):
            written = 0 if tables.settings is None else tables.settings.revision
            return written == settings.revision - 1
        case LeaveAdministrators(user_id, is_fact):
            return is_fact or user_id not in tables.administrators or len(tables.administrators) > 1
        case ClaimEmail(email, _, former_id):
            return tables.emails.get(invitation_id(email)) == former_id
        case ReleaseEmail(email, holder_id):
            return tables.emails.get(invitation_id(email)) == holder_id
        case OwnPeers(owner_id, _, _, limit):
            return limit is None or len(tables.owned.get(owner_id, ())) < limit
        case EnterAdministrators() | DisownPeers():
            return True
        case PutJoinKey() | RevokeJoinKey() | UseJoinKey() | PutJoin():
            return join_key_holds(tables, write)
        case _:
            assert_never(write)


def write_identity(tables: MemoryTables, write: IdentityWrite) -> None:  # noqa: C901  one flat case a kind of write
    match write:
        case PutUser(user):
            tables.account_stream.append((tables.users.get(user.id), user))
            tables.users[user.id] = user
        case RemoveUser(user):
            tables.account_stream.append((tables.users.pop(user.id), None))
        case PutToken(token):
            tables.tokens[token.id] = token
        case RemoveToken(token):
            tables.account_stream.append((tables.tokens.pop(token.id), None))
        case PutSettings(settings):
            tables.account_stream.append((tables.settings, settings))
            tables.settings = settings
        case EnterAdministrators(user_id):
            tables.administrators.add(user_id)
        case LeaveAdministrators(user_id):
            tables.administrators.discard(user_id)
        case ClaimEmail(email, holder_id, _):
            tables.emails[invitation_id(email)] = holder_id
        case ReleaseEmail(email):
            del tables.emails[invitation_id(email)]
        case OwnPeers(owner_id, network_id, peer_ids, _):
            tables.owned.setdefault(owner_id, set()).update((network_id, peer_id) for peer_id in peer_ids)
        case DisownPeers(owner_id, network_id, peer_ids):
            tables.owned.get(owner_id, set()).difference_update((network_id, peer_id) for peer_id in peer_ids)
        case PutJoinKey() | RevokeJoinKey() | UseJoinKey() | PutJoin():
            write_join_key(tables, write)
        case _:
            assert_never(write)
