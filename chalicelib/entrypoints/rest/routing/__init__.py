"""From a request to an answer: what a route declares, and the one way a call comes in."""
