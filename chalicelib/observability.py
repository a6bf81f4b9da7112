"""The logger. Events have constant names; ids go beside them, never a key, token or config."""

from aws_lambda_powertools import Logger

logger = Logger(service="wirety", serialize_stacktrace=False)
