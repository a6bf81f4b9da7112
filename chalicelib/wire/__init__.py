"""Every JSON that crosses a process: REST bodies, socket frames, the bundle, problems.

Shapes only. The agent ships this package too, and OpenAPI is generated from it.
Bodies a client sends refuse unknown fields; answers and frames ignore them on the
reading side, so that an older agent lives with a newer control plane.
"""
