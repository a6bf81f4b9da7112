"""What goes to sockets: the gateway that holds them, and the frames."""
