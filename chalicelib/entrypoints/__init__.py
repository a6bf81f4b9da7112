"""The callers: parse, call one use case, answer."""
