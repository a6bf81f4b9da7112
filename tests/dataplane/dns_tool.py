"""A resolver and a client, for nodes of a laboratory.

A stand-alone script: `dns_tool.py serve ADDRESS RECORD` says "up" and answers every question by UDP and
TCP with that address; `dns_tool.py ask SERVER NAME TYPE udp|tcp` prints one JSON object.
"""

import json
import socketserver
import struct
import sys
import threading

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rrset

ANSWER_S = 10.0
PORT = 53


def serve(address: str, record: str) -> None:
    def answer(wire: bytes) -> bytes:
        question = dns.message.from_wire(wire)
        answer = dns.message.make_response(question)
        answer.answer.append(dns.rrset.from_text(question.question[0].name, 60, "IN", "A", record))
        return answer.to_wire()

    class ByUdp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, own = self.request
            own.sendto(answer(wire), self.client_address)

    class ByTcp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            said = answer(self.rfile.read(struct.unpack("!H", self.rfile.read(2))[0]))
            self.wfile.write(struct.pack("!H", len(said)) + said)

    udp = socketserver.ThreadingUDPServer((address, PORT), ByUdp)
    threading.Thread(target=udp.serve_forever, daemon=True).start()
    with socketserver.ThreadingTCPServer((address, PORT), ByTcp) as tcp:
        print("up", flush=True)
        tcp.serve_forever()


def ask(server: str, name: str, kind: str, way: str) -> dict[str, object]:
    query = dns.message.make_query(name, kind)
    try:
        answer = (dns.query.tcp if way == "tcp" else dns.query.udp)(query, server, timeout=ANSWER_S)
    except (OSError, EOFError, dns.exception.DNSException) as failed:
        return {"rcode": type(failed).__name__, "texts": []}
    texts = [item.to_text() for rrset in answer.answer for item in rrset]
    return {"rcode": dns.rcode.to_text(answer.rcode()), "texts": texts}


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(*sys.argv[2:])
    else:
        print(json.dumps(ask(*sys.argv[2:])))
