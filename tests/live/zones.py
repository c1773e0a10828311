# SPDX-License-Identifier: GPL-3.0-or-later
"""An edit on the primary is served by all; its loss, a promotion, an edit by the new primary, and
the return of the old one, which steps down."""
import json
import sys

import swarm as s

ZONE = """$ORIGIN example.org.
$TTL 300
@ IN SOA ns1 hostmaster {serial} 7200 900 1209600 300
@ NS ns1
ns1 A 192.0.2.53
www A {address}
"""
STRIDE = 1 << 30  # what a promotion adds to the serial


def serial(node):
    return int(node.dig("example.org", "SOA")[0].split()[2])


def zone(node):
    found = json.loads(node.swarm.ctl_on(node, "zones", "--json"))["zones"]
    s.check(len(found) == 1, str(found))
    return found[0]


def edit(node, number, address):
    file = node.zones[0][1]
    text = file.read_text(encoding="ascii")
    old = text.split("SOA")[1].split()[2]
    lines = [line if " www" not in line and not line.startswith("www") else ""
             for line in text.replace(old, str(number), 1).splitlines()]
    lines.append(f"www.example.org. 300 IN A {address}")
    file.write_text("\n".join(lines) + "\n", encoding="ascii")
    return json.loads(node.swarm.ctl_on(node, "zones", "reload", "example.org", "--json"))


def served(nodes, number, address):
    for node in nodes:
        s.wait_until(f"{node.name} serves {number}",
                     lambda n=node: serial(n) == number and n.dig("www.example.org", "A") ==
                     [address])


def test(swarm):
    a, b, c = (swarm.add(name, f"region-{name}") for name in "abc")
    for node in (a, b, c):
        file = node.dir / "example.zone"
        node.zones = [("example.org", file, node is a)]
    a.zones[0][1].write_text(ZONE.format(serial=7, address="192.0.2.80"), encoding="ascii")
    for node in (a, b, c):
        node.start()
    for node in (a, b, c):
        node.wait_ready({"a", "b", "c"} - {node.name})
    served((a, b, c), 7, "192.0.2.80")  # b and c had no file

    edit(a, 8, "192.0.2.81")
    served((a, b, c), 8, "192.0.2.81")
    old = a.zones[0][1].read_text(encoding="ascii")
    a.zones[0][1].write_text(old.replace(" 8 ", " 6 ", 1), encoding="ascii")
    said = swarm.ctl_on(a, "zones", "reload", "example.org", code=1)
    s.check("older" in said, said)
    said = swarm.ctl_on(b, "zones", "reload", "example.org", code=1)
    s.check("backup" in said, said)
    a.zones[0][1].write_text(old, encoding="ascii")

    a.kill()
    served((b, c), 8, "192.0.2.81")
    promoted = json.loads(swarm.ctl_on(b, "promote", "example.org", "--json"))
    s.check(promoted["primary"] and promoted["epoch"] == 1 and
            promoted["serial"] == 8 + STRIDE, str(promoted))
    served((b, c), 8 + STRIDE, "192.0.2.81")
    edit(b, 9 + STRIDE, "192.0.2.82")
    served((b, c), 9 + STRIDE, "192.0.2.82")

    # Whoever works on a's machine writes an old, nearly empty zone: it must not win.
    a.zones[0][1].write_text(ZONE.format(serial=99, address="192.0.2.99"), encoding="ascii")
    a.start()
    a.wait_ready({"b", "c"})
    served((a, b, c), 9 + STRIDE, "192.0.2.82")
    s.wait_until("a stepped down", lambda: not zone(a)["primary"])
    s.check(zone(b)["primary"] and zone(b)["state"] == "current", str(zone(b)))
    s.check(len({zone(n)["digest"] for n in (a, b, c)}) == 1, "the contents differ")
    s.wait_until("its log says so", lambda: "stepped down" in
                 (a.dir / "log").read_text(encoding="utf-8"))

    for node in (a, b, c):  # and it stays so after a restart of all
        node.kill()
    for node in (a, b, c):
        node.start()
    for node in (a, b, c):
        node.wait_ready({"a", "b", "c"} - {node.name})
    served((a, b, c), 9 + STRIDE, "192.0.2.82")
    s.check(zone(b)["primary"] and not zone(a)["primary"], "the roles were forgotten")
    print(swarm.ctl_on(c, "zones"))


if __name__ == "__main__":
    sys.exit(s.main(test))
