"""The DNS server of a jump, and questions to it."""
