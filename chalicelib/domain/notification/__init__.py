"""What people are told of: the events that changes, facts and accounts come to."""
