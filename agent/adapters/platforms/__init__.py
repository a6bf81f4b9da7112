"""One module an operating system: its adapters put together as a `Platform`."""
