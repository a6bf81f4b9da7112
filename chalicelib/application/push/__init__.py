"""From changes and facts to sockets."""
