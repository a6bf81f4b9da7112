"""All calls by all callers about what is theirs, another's, out of their sight or unknown: does each get what the table
of docs/security.md says, and no more?"""
