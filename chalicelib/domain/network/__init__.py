"""Networks, their ranges and addresses, and who may talk to whom."""
