"""Everything outside the core, as the core needs it.

Stores read consistently and never scan. What a port does not promise is said where it
matters. The memory adapter keeps every promise here and breaks everything else.
"""
