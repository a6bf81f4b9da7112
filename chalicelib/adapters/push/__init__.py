"""Queues, and sockets through API Gateway."""
