# SPDX-License-Identifier: GPL-3.0-or-later
"""Three nodes find each other from one address, and again after each was killed or stood still."""
import signal
import sys

import swarm as s

LONG = 60.0  # a suspicion takes up to 30 s (Lifeguard's beta times alpha, in periods)


def all_see_all(nodes):
    for node in nodes:
        node.wait_members({other.name: "alive" for other in nodes if other is not node}, LONG)


def test(swarm):
    nodes = [swarm.add(name, f"region-{name}") for name in "abc"]
    a, b, c = nodes
    zone = swarm.dir / "example.zone"
    s.write_zone(zone, "example.org")
    c.zones = [("example.org", zone, True)]
    for node in nodes:
        node.join = [a.address]  # its own is no hindrance
        node.start()
    all_see_all(nodes)
    s.wait_until("b, which was told of a alone, asks c",
                 lambda: b.dig("www.example.org", "A") == ["192.0.2.80"])

    record = a.members()["c"]
    s.check(record["region"] == "region-c" and record["address"] == c.address, str(record))
    s.check([z["name"] for z in record["zones"]] == ["example.org"], str(record))
    s.check(len(record["certificate"]) == 64 and len(record["core_digest"]) == 64, str(record))
    said = swarm.ctl_on(b, "members")
    s.check("self" in said and said.count("alive") == 3, said)

    # Any of them dies, is dead for the others, and comes back: also the one that is joined by.
    for dead in nodes:
        before = [n for n in nodes if n is not dead][0].members()[dead.name]["incarnation"]
        dead.kill()
        for node in nodes:
            if node is not dead:
                s.wait_until(f"{node.name} sees that {dead.name} is dead",
                             lambda n=node, d=dead: n.members()[d.name]["state"] == "dead", LONG)
        if dead is a:
            a.join = [b.address]  # a seed that lost its memory needs one, too
        dead.start()
        all_see_all(nodes)
        after = [n for n in nodes if n is not dead][0].members()[dead.name]["incarnation"]
        s.check(after > before, f"{dead.name}: {after} after {before}")

    # One stands still: it is dead for the others, and refutes as soon as it goes on.
    b.signal(signal.SIGSTOP)
    for node in (a, c):
        s.wait_until(f"{node.name} sees that b is dead",
                     lambda n=node: n.members()["b"]["state"] == "dead", LONG)
    b.signal(signal.SIGCONT)
    all_see_all(nodes)
    s.check('"member dead"' in a.log_text() and '"member alive"' in a.log_text(), a.tail())


if __name__ == "__main__":
    sys.exit(s.main(test))
