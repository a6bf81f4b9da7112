"""Use cases, one noun a file: load, decide, store, return. Nothing here notifies anybody."""
