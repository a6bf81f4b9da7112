"""Who calls: people, agents, tokens."""
