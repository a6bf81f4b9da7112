"""The outside: one package or file a technology, each behind a port."""
