# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that is told to end has left for all others: it is neither suspect nor dead for them, and
what it was asked before it said goodbye is answered."""
import re
import sys
import threading

import swarm as s

LONG = 60.0  # a suspicion takes up to 30 s (Lifeguard's beta times alpha, in periods)
ROUNDS = 3   # each node leaves so often and comes back


class Client(threading.Thread):
    """Asks @node for what only others hold, one query after the other; remembers what went wrong."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.node = node
        self.over = threading.Event()
        self.asked = 0
        self.wrong = []

    def run(self):
        while not self.over.is_set():
            self.asked += 1
            try:
                answer = self.node.dig("www.example.org", "A")
                if answer != ["192.0.2.80"]:
                    self.wrong.append(answer)
            except s.Failure as error:
                self.wrong.append(str(error))

    def end(self):
        self.over.set()
        self.join()


def accused_as_they_left(log):
    """Members that were suspect when they left, or after that.  One that is here may be suspect for a
    moment: when this machine is so busy that it stands still for a second, it is."""
    was = {}
    accused = []
    for line in log.splitlines():
        event = re.search(r'event="member (alive|left|suspect)" peer=(\S+)', line)
        if event is None:
            continue
        state, peer = event.groups()
        if {state, was.get(peer)} == {"suspect", "left"}:
            accused.append(peer)
        was[peer] = state
    return accused


def test(swarm):
    nodes = [swarm.add(name, f"region-{name}") for name in "abc"]
    a, b, c = nodes
    zone = swarm.dir / "example.zone"
    s.write_zone(zone, "example.org")
    b.zones = [("example.org", zone, False)]
    c.zones = [("example.org", zone, True)]
    for node in nodes:
        node.join = [other.address for other in nodes if other is not node]
        node.start()
    for node in nodes:
        node.wait_members({n.name: "alive" for n in nodes if n is not node}, LONG)
    s.wait_until("a asks the others", lambda: a.dig("www.example.org", "A") == ["192.0.2.80"])

    # Holders leave and come back in turn, and no query is lost: Goodbye sends the next one to the
    # other holder, and those that are here already are answered first.
    client = Client(a)
    client.start()
    for leaver in [b, c] * ROUNDS:
        others = [node for node in nodes if node is not leaver]
        leaver.stop()
        for node in others:
            s.wait_until(f"{node.name} sees that {leaver.name} has left",
                         lambda n=node, x=leaver: n.members()[x.name]["state"] == "left")
        leaver.start()
        for node in others:
            s.wait_until(f"{node.name} sees that {leaver.name} is back",
                         lambda n=node, x=leaver: n.members()[x.name]["state"] == "alive", LONG)
        s.wait_until(f"{leaver.name} is connected to a",
                     lambda x=leaver: any(p["name"] == "a" and p["connected"]
                                          for p in x.status()["peers"]))
    client.end()
    s.check(client.asked > 0 and not client.wrong, f"{client.asked} asked, wrong: {client.wrong}")

    for node in nodes:
        log = node.log_text()
        s.check('"member left"' in log or node is a, node.tail())
        s.check(not accused_as_they_left(log), f"{node.name} accuses who has left\n{node.tail()}")
        for word in ('"member dead"', "malformed"):
            s.check(word not in log, f"{node.name} says {word}\n{node.tail()}")


if __name__ == "__main__":
    sys.exit(s.main(test))
