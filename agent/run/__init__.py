"""The running agent: the loop, calls and work in threads of their own."""
