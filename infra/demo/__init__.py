"""Three real agents and their tunnels against the running local stack: what `make demo` shows."""
