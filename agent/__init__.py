"""The agent: a daemon that makes its host agree with the bundle its control plane renders.

Shares `chalicelib.wire` with the server and nothing else.
"""

__version__ = "0.1.0"
