"""REST: one blueprint a resource, found through `BLUEPRINTS`."""

from chalice.app import Blueprint

from chalicelib.entrypoints.rest.agent import agent
from chalicelib.entrypoints.rest.audit import audit_log
from chalicelib.entrypoints.rest.contract import contract
from chalicelib.entrypoints.rest.ipam import ipam
from chalicelib.entrypoints.rest.join_keys import join_keys
from chalicelib.entrypoints.rest.meta import meta
from chalicelib.entrypoints.rest.networks import networks
from chalicelib.entrypoints.rest.peers import BLUEPRINTS as PEERS
from chalicelib.entrypoints.rest.routing.route import close_gaps
from chalicelib.entrypoints.rest.tickets import tickets
from chalicelib.entrypoints.rest.tokens import tokens
from chalicelib.entrypoints.rest.users import users

gaps = Blueprint(__name__)
close_gaps(gaps)

BLUEPRINTS: tuple[Blueprint, ...] = (
    *(meta, contract, networks, ipam, *PEERS),
    *(join_keys, users, tokens, tickets, audit_log, agent, gaps),
)
