"""What leaves by queues, and how it stands in a message."""
