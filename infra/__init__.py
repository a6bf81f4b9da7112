"""The templates and the one-machine stack."""
