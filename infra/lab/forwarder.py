"""Forward TCP from an address inside a network namespace to one outside of it.

A stand-alone script: `forwarder.py NAMESPACE_FILE LISTEN_IP LISTEN_PORT TO_IP TO_PORT`. A socket
stays in the network namespace in which it was made, so one process can listen in there and
connect out here. Prints "up" when it listens.
"""

import asyncio
import contextlib
import ctypes
import os
import socket
import sys

CLONE_NEWNET = 0x40000000  # linux/sched.h
CHUNK_BYTES = 1 << 16


def listen_inside(namespace: str, address: str, port: int) -> socket.socket:
    """Make a listening socket in another network namespace, and come back."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    away = os.open(namespace, os.O_RDONLY)
    enter(away)
    try:
        return socket.create_server((address, port), backlog=512)
    finally:
        enter(home)
        os.close(away)
        os.close(home)


def enter(namespace: int) -> None:
    """Take the calling thread into a network namespace, by an open file of it."""
    libc = ctypes.CDLL(None, use_errno=True)  # until Python 3.12 is the oldest: os.setns
    if libc.setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


async def forward(listener: socket.socket, address: str, port: int) -> None:
    """Serve until cancelled. Where nothing listens at the far end, a connection is closed at once."""
    serving: set[asyncio.Task[None] | None] = set()  # half closed, a connection is held by nobody else

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(task := asyncio.current_task())
        try:
            await connect(reader, writer)
        finally:
            serving.discard(task)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(address, port)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        far_writer.close()
        writer.close()

    server = await asyncio.start_server(serve, sock=listener)
    print("up", flush=True)
    async with server:
        await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
    except OSError:
        with contextlib.suppress(OSError):
            writer.transport.abort()


if __name__ == "__main__":
    namespace, listen_ip, listen_port, to_ip, to_port = sys.argv[1:]
    asyncio.run(forward(listen_inside(namespace, listen_ip, int(listen_port)), to_ip, int(to_port)))
