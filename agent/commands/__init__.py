"""The commands, a module each, which puts adapters and pure parts together; each has `run(settings)`.

They are imported when they are asked for, so that no command waits for another's libraries.
"""
