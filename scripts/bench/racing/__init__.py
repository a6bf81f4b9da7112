"""Writers that race for one network over REST, on the deployed local cloud: no answer may be wrong.

Each call names what it may be answered. What nobody else touches has one right answer; what others
may delete, block or re-issue meanwhile has theirs besides, and nothing more. A 503 `busy` that says
when to come back is counted apart.
"""
