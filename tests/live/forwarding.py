# SPDX-License-Identifier: GPL-3.0-or-later
"""Three nodes: each answers, the one without the zone asks the others over gRPC, and when a holder
dies its queries go to another."""
import signal
import sys
import urllib.error
import urllib.request

import swarm as s


def test(swarm):
    a, b, c = (swarm.add(name, f"region-{name}") for name in "abc")
    zone = swarm.dir / "example.zone"
    s.write_zone(zone, "example.org")
    b.zones = [("example.org", zone, True)]
    c.zones = [("example.org", zone, False)]
    for node in (a, b, c):
        node.start()
    for node in (a, b, c):
        node.wait_ready({"a", "b", "c"} - {node.name})

    s.wait_until("a learns who holds the zone",
                 lambda: a.dig("www.example.org", "A") == ["192.0.2.80"])
    for node in (a, b, c):
        for options in ((), ("+tcp",), ("+noedns",)):
            s.check(node.dig("www.example.org", "A", *options) == ["192.0.2.80"],
                    f"A at {node.name} {options}")
            s.check(node.dig("x.y.wild.example.org", "TXT", *options) == ['"anything"'],
                    f"wildcard at {node.name} {options}")
        if s.HAS_IPV6:
            for options in ((), ("+tcp",)):
                s.check(node.dig("www.example.org", "A", *options, server="::1") == ["192.0.2.80"],
                        f"by IPv6 at {node.name} {options}")
        s.check(node.dig_status("absent.example.org", "A") == "NXDOMAIN", "NXDOMAIN")
        s.check(node.dig_status("www.example.org", "MX") == "NOERROR", "NODATA")
        s.check(node.dig_status("www.example.net", "A") == "REFUSED", "not our zone")
        big = node.dig("big.example.org", "TXT")  # truncated by UDP, then dig asks by TCP
        s.check(len(big) == 1 and big[0].count("x") == 3000, f"large answer at {node.name}")
        s.check(node.dig("www.example.org", "AAAA", "+tcp", "+keepopen") == ["2001:db8::80"],
                "AAAA by TCP")
    forwarded = a.status()
    s.check(forwarded["forwarded"] >= 10 and forwarded["failed"] == 0, f"a forwards: {forwarded}")
    s.check(sum(p["sent"] for p in forwarded["peers"]) >= forwarded["forwarded"], "sent to peers")

    page = a.metrics()
    s.check(page['swarm_node_state{state="ready"}'] == 1, str(page))
    s.check(page["swarm_forward_answered_total"] >= 10, str(page))
    s.check(page["swarm_dns_forwarded_total"] == page["swarm_forward_queries_total"], str(page))
    s.check(page['swarm_peer_connected{peer="b"}'] == 1, str(page))
    s.check(page['swarm_dns_answers_total{rcode="NXDOMAIN"}'] == 1, str(page))
    s.check(page["swarm_dns_queries_total"] == page["swarm_dns_answered_total"] +
            page["swarm_dns_forwarded_total"], str(page))
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{a.admin_port}/other", timeout=10)
        raise s.Failure("a page that does not exist")
    except urllib.error.HTTPError as error:
        s.check(error.code == 404, str(error))

    # Identity decides who may ask.
    said = swarm.ctl("status", "--node", f"c@{b.address}", *swarm.as_operator(), code=3)
    s.check("hostname mismatch" in said, said)
    said = swarm.ctl_on(b, "status", who="a", code=3)
    s.check("PERMISSION_DENIED" in said, said)
    swarm.ctl_on(b, "health")

    # A configuration that is wrong changes nothing; one that is right is taken.
    good = a.config.read_text(encoding="ascii")
    a.config.write_text(good.replace("region:", "regoin:", 1), encoding="ascii")
    a.signal(signal.SIGHUP)
    s.wait_until("a refuses the mistyped key", lambda: "did you mean" in a.tail())
    s.check(a.dig("www.example.org", "A") == ["192.0.2.80"], "a goes on")
    more = swarm.dir / "more.zone"
    s.write_zone(more, "more.example")
    a.config.write_text(good.replace(
        "zones: []", f"zones:\n  - {{name: more.example, file: {more}, primary: true}}"),
        encoding="ascii")
    a.signal(signal.SIGHUP)
    s.wait_until("a serves the new zone", lambda: a.dig("www.more.example", "A") == ["192.0.2.80"])
    s.wait_until("c asks a for it", lambda: c.dig("www.more.example", "A") == ["192.0.2.80"])

    # The holder that is killed is not asked for long: every query is answered.
    b.kill()
    for i in range(20):
        s.check(a.dig("www.example.org", "A") == ["192.0.2.80"], f"query {i} after b died")
    s.wait_until("a sees that b is gone", lambda: not [
        p for p in a.status()["peers"] if p["name"] == "b" and p["connected"]])
    b.start()
    b.wait_ready({"a", "c"})

    # Draining: the node says goodbye and ends by itself.
    swarm.ctl_on(c, "drain")
    s.wait_until("c ends", lambda: c.process.poll() is not None)
    s.check(c.process.returncode == 0, f"c ended with {c.process.returncode}")
    c.process = None
    s.check(a.dig("www.example.org", "A") == ["192.0.2.80"], "b answers for a after c left")


if __name__ == "__main__":
    sys.exit(s.main(test))
