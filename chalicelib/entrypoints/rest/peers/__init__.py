"""`/networks/{network_id}/peers`, and the map of a network."""

from chalice.app import Blueprint

from chalicelib.entrypoints.rest.peers.bulk import bulk
from chalicelib.entrypoints.rest.peers.credentials import credentials
from chalicelib.entrypoints.rest.peers.peers import peers

BLUEPRINTS: tuple[Blueprint, ...] = (peers, credentials, bulk)
