"""TCP between two nodes: a stand-alone script.

`serve PORT` tells everyone who connects by which address, then sends for ever. `take ADDRESS PORT` prints
"up" and that address when it is connected, then for each line of its input how many bytes have come.
`ask ADDRESS PORT` prints the address alone; a failure where nobody answers.
"""

import contextlib
import socket
import sys
import threading
import time

CONNECT_S = 2.0
CHUNK = b"x" * 1024
PAUSE_S = 0.005


def serve(port: int) -> None:
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    print("up", flush=True)
    while True:
        connection, address = listener.accept()
        threading.Thread(target=send, args=(connection, address[0].removeprefix("::ffff:")), daemon=True).start()


def send(connection: socket.socket, address: str) -> None:
    with connection, contextlib.suppress(OSError):
        connection.sendall(f"{address}\n".encode())
        while True:
            connection.sendall(CHUNK)
            time.sleep(PAUSE_S)


def connected(address: str, port: int) -> tuple[socket.socket, str]:
    connection = socket.create_connection((address, port), CONNECT_S)
    told = b""
    while not told.endswith(b"\n"):
        told += connection.recv(1)
    return connection, told.decode().strip()


def take(address: str, port: int) -> None:
    connection, told = connected(address, port)
    connection.settimeout(None)
    print("up", told, sep="\n", flush=True)
    total = 0

    def count() -> None:
        nonlocal total
        while data := connection.recv(65536):
            total += len(data)

    threading.Thread(target=count, daemon=True).start()
    for _ in sys.stdin:
        print(total, flush=True)


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    if what == "serve":
        serve(int(arguments[0]))
    elif what == "take":
        take(arguments[0], int(arguments[1]))
    else:
        print(connected(arguments[0], int(arguments[1]))[1])
