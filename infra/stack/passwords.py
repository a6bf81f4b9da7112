"""Passwords that the stack's own user pool accepts."""

import secrets
import string

CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.~")
LENGTH = 20


def new_password() -> str:
    """Random, with a character of each class that the pool's policy wants."""
    rest = [secrets.choice("".join(CLASSES)) for _ in range(LENGTH - len(CLASSES))]
    letters = [*map(secrets.choice, CLASSES), *rest]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)
