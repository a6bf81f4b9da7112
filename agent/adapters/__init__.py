"""What the agent touches outside itself: control plane, socket, host, disk."""
