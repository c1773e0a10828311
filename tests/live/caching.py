# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that forward to a resolver, played by this test: they keep what it says, ask each other
first, ask by TCP what is truncated, give what has expired when it is silent, and refuse whom the
configuration does not let."""
import socket
import socketserver
import struct
import sys
import threading

import swarm as s


class Resolver:
    """Answers A of anything with 192.0.2.7 and a TTL of 10 min, or 1 s where the name begins with
    "brief"; what begins with "big" by TCP only, what begins with "nx" with NXDOMAIN."""

    def __init__(self):
        self.port = s.free_port()
        self.silent = False
        self.asked = []
        outer = self

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self):
                data, sock = self.request
                answer = outer.answer(data, False)
                if answer:
                    sock.sendto(answer, self.client_address)

        class Stream(socketserver.StreamRequestHandler):
            def handle(self):
                head = self.rfile.read(2)
                if len(head) == 2:
                    data = self.rfile.read(struct.unpack("!H", head)[0])
                    answer = outer.answer(data, True)
                    if answer:
                        self.wfile.write(struct.pack("!H", len(answer)) + answer)

        for kind, handler in ((socketserver.ThreadingUDPServer, Datagram),
                              (socketserver.ThreadingTCPServer, Stream)):
            server = kind(("127.0.0.1", self.port), handler)
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def answer(self, query, stream):
        end = 12
        labels = []
        while query[end] != 0:
            labels.append(query[end + 1:end + 1 + query[end]].decode())
            end += 1 + query[end]
        name = ".".join(labels)
        self.asked.append((name, stream))
        if self.silent:
            return None
        question = query[12:end + 5]
        if name.startswith("nx"):
            soa = b"\0\0" + struct.pack("!5I", 1, 1, 1, 1, 600)
            record = b"\4test\0" + struct.pack("!HHIH", 6, 1, 600, len(soa)) + soa
            return query[:2] + struct.pack("!HHHHH", 0x8183, 1, 0, 1, 0) + question + record
        flags = 0x8180 | (0x0200 if name.startswith("big") and not stream else 0)
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 1 if name.startswith("brief") else 600, 4) + socket.inet_aton("192.0.2.7")
        return query[:2] + struct.pack("!HHHHH", flags, 1, 1, 0, 0) + question + record


def test(swarm):
    resolver = Resolver()
    a, b = swarm.add("a", "home"), swarm.add("b", "home")
    for node in (a, b):
        node.extra = (f'forwarding: {{upstreams: ["127.0.0.1:{resolver.port}"]}}\n'
                      "cache: {size: 1MiB, prefetch: false, popular: 1, stale_after: 300ms}\n")
        node.start()
    a.wait_ready({"b"})
    b.wait_ready({"a"})

    # Kept, wherever it was asked first: one question to the resolver for both nodes.
    for name in ("one.test", "two.test", "three.test", "four.test"):
        resolver.asked.clear()
        s.check(a.dig(name, "A") == ["192.0.2.7"], f"{name} at a")
        s.check(b.dig(name, "A") == ["192.0.2.7"], f"{name} at b")
        s.check(len(resolver.asked) == 1, f"{name}: {resolver.asked}")
    s.check(a.dig_status("nx.test", "A") == "NXDOMAIN", "a denial")
    s.check(a.dig("big.test", "A") == ["192.0.2.7"], "by TCP")
    s.check(("big.test", True) in resolver.asked, str(resolver.asked))
    status = a.status()["cache"]
    s.check(status["entries"] >= 5 and status["upstreams"][0]["down"] is False, str(status))
    s.check(a.metrics()["swarm_cache_entries"] == status["entries"], "the page of metrics")

    s.check(a.dig("brief.test", "A") == ["192.0.2.7"], "what expires soon")

    # The resolver falls silent, and what it said has expired: clients get it, and a failure else.
    resolver.silent = True
    s.wait_until("a stale answer", lambda: "EDE: 3" in a.dig_whole("brief.test", "A"))
    s.check(a.dig_status("new.test", "A") == "SERVFAIL", "what nobody knows")
    s.wait_until("both hold it for down", lambda: all(
        n.status()["cache"]["upstreams"][0]["down"] for n in (a, b)))
    resolver.silent = False
    s.wait_until("both hold it for up", lambda: not any(
        n.status()["cache"]["upstreams"][0]["down"] for n in (a, b)))
    s.wait_until("a fresh answer", lambda: a.dig("new.test", "A") == ["192.0.2.7"])

    # Nobody but who may.
    a.extra = a.extra.replace("]}", '], clients: ["192.0.2.0/24"]}')
    a.stop()
    a.start()
    a.wait_ready({"b"})
    s.check(a.dig_status("one.test", "A") == "REFUSED", "a client from elsewhere")


if __name__ == "__main__":
    sys.exit(s.main(test))
