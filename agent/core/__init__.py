"""The decisions: `step(state, event)` gives the next state and what to do."""
