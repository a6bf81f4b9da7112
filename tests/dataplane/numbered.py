"""One TCP connection that carries numbered lines there and back.

A stand-alone script: `numbered.py echo PORT` says "up" and serves one connection after another;
`numbered.py send ADDRESS PORT` says "up" once connected, sends a line every 20 ms until its standard
input closes, and prints how many came back in order.
"""

import select
import socket
import sys

EVERY_S = 0.02


def echo(port: int) -> None:
    with socket.create_server(("", port)) as server:
        print("up", flush=True)
        while True:
            connection, _ = server.accept()
            with connection:
                while chunk := connection.recv(4096):
                    connection.sendall(chunk)


def send(address: str, port: int) -> int:
    sent, received = 0, b""
    with socket.create_connection((address, port), timeout=10) as connection:
        print("up", flush=True)
        connection.settimeout(60)
        while not select.select([sys.stdin], [], [], EVERY_S)[0]:
            connection.sendall(b"%08d\n" % sent)
            sent += 1
            while select.select([connection], [], [], 0)[0]:
                received += connection.recv(4096)
        connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(4096):
            received += chunk
    assert received == b"".join(b"%08d\n" % number for number in range(sent)), "lines are missing"
    return sent


if __name__ == "__main__":
    if sys.argv[1] == "echo":
        echo(int(sys.argv[2]))
    else:
        print(send(sys.argv[2], int(sys.argv[3])), flush=True)
