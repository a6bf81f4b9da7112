"""What an idle agent costs a month: its real core against the real functions for half a day, counted at the wire.

Time is simulated. DynamoDB is asked over the wire, and each request counts with its units; sockets,
queues and the key are in memory, and count their messages. Prices and the time a function takes: see cost_estimate.
"""
