"""Why one client does not take a file: the section, the key and the rule, and never a secret's value."""


class Refused(Exception):
    """The message is the reason."""
