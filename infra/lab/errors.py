"""What can go wrong with a laboratory."""


class LabFailed(Exception):
    """The laboratory could not be built, or a command in it failed; says what the tool said."""
