# SPDX-License-Identifier: GPL-3.0-or-later
"""Real nodes on loopback, for end-to-end tests: certificates by swarmctl, free ports, logs kept."""
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request

DEADLINE = 30.0  # seconds until something that must happen has not happened


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


HAS_IPV6 = has_ipv6()


class Failure(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failure(message)


def wait_until(what, ready, deadline=DEADLINE):
    """Poll @ready until it returns something true; that."""
    end = time.monotonic() + deadline
    last = None
    while time.monotonic() < end:
        try:
            last = ready()
        except (OSError, subprocess.SubprocessError, Failure, ValueError) as error:
            last = error
        else:
            if last:
                return last
        time.sleep(0.02)
    raise Failure(f"{what}: not within {deadline} s (last: {last!r})")


RESERVED = []  # sockets whose names say "this port is ours" to tests that run at the same time


def is_free(port, family=socket.AF_INET, host="127.0.0.1"):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(family, kind) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def free_port():
    """A port that is free for TCP and UDP on loopback, below those that clients are given, and no
    other test's until this one ends."""
    for _ in range(1000):
        port = random.randrange(10000, 32768)
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0swarm-test-port-{port}")
        except OSError:
            claim.close()
            continue
        RESERVED.append(claim)
        if is_free(port) and (not HAS_IPV6 or is_free(port, socket.AF_INET6, "::1")):
            return port
    raise Failure("no free port")


class Node:
    def __init__(self, swarm, name, region):
        self.swarm = swarm
        self.name = name
        self.region = region
        self.dir = swarm.dir / name
        self.dir.mkdir()
        self.dns_port = free_port()
        self.peer_port = free_port()
        self.admin_port = free_port()
        self.zones = []  # (name, file, primary)
        self.sets = []   # (name, path, recipient)
        self.join = None  # addresses, in the place of peers
        self.extra = ""
        self.process = None
        self.log = None

    @property
    def address(self):
        return f"127.0.0.1:{self.peer_port}"

    def write_config(self):
        ipv6 = f', "[::1]:{self.dns_port}"' if HAS_IPV6 else ""
        lines = [
            f"name: {self.name}",
            f"region: {self.region}",
            "listen:",
            f'  dns: ["127.0.0.1:{self.dns_port}"{ipv6}]',
            f'  peers: "{self.address}"',
            f'  admin: "127.0.0.1:{self.admin_port}"',
            f"tls: {{certificate: ../pki/{self.name}.pem, key: ../pki/{self.name}.key, "
            "ca: ../pki/ca.pem}",
            f"identity: ../pki/{self.name}.identity",
            "threads: {fronts: 2}",
            "log: {level: debug}",
            self.extra,
            "zones:" if self.zones else "zones: []",
        ]
        for name, file, primary in self.zones:
            lines.append(f"  - {{name: {name}, file: {file}, primary: {str(primary).lower()}}}")
        peers = [(p.name, p.region, p.address) for p in self.swarm.nodes.values()
                 if p is not self and self.join is None]
        peers += self.swarm.strangers
        if self.join is not None:
            lines.append("join: [" + ", ".join(f'"{address}"' for address in self.join) + "]")
        lines.append("peers:" if peers else "peers: []")
        for name, region, address in peers:
            lines.append(f'  - {{name: {name}, region: {region}, address: "{address}"}}')
        lines += ["backup:", "  store: store", "  copies: 2"]
        lines.append("  sets:" if self.sets else "  sets: []")
        for name, path, recipient in self.sets:
            lines.append(f"    - {{name: {name}, path: {path}, recipient: {recipient}}}")
        self.config = self.dir / "node.yaml"
        self.config.write_text("\n".join(lines) + "\n", encoding="ascii")

    def start(self):
        self.write_config()
        self.log = open(self.dir / "log", "ab")
        self.process = subprocess.Popen(
            [self.swarm.bin / "swarmnode", "--config", self.config],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """As a power failure would."""
        self.process.kill()
        self.process.wait()
        self.process = None
        self.log.close()

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        code = self.process.wait(DEADLINE)
        self.process = None
        self.log.close()
        check(code == 0, f"{self.name} ended with {code} after SIGTERM:\n{self.tail()}")

    def log_text(self):
        return (self.dir / "log").read_text(encoding="utf-8", errors="replace")

    def tail(self):
        return "\n".join(self.log_text().splitlines()[-40:])

    def status(self):
        return json.loads(self.swarm.ctl_on(self, "status", "--json"))

    def members(self):
        """States by name, as this node sees the others."""
        said = json.loads(self.swarm.ctl_on(self, "members", "--json"))["members"]
        return {m["name"]: m for m in said if m["name"] != self.name}

    def wait_members(self, states, deadline=DEADLINE):
        wait_until(f"{self.name} sees {states}",
                   lambda: {n: m["state"] for n, m in self.members().items()} == states, deadline)

    def wait_ready(self, peers):
        """Ready, with links to @peers."""
        def ready():
            status = self.status()
            linked = {p["name"] for p in status["peers"] if p["connected"]}
            return status["state"] == "ready" and set(peers) <= linked
        wait_until(f"{self.name} is ready and linked to {sorted(peers)}", ready)

    def metrics(self):
        """Values by name and labels, as Prometheus would scrape them."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/metrics",
                                    timeout=DEADLINE) as page:
            lines = page.read().decode("ascii").splitlines()
        return {name: float(value) for name, value in
                (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}

    def dig(self, name, rtype, *options, server="127.0.0.1"):
        """Answers as lines of their data, in order."""
        out = subprocess.run(
            ["dig", f"@{server}", "-p", str(self.dns_port), name, rtype, "+tries=1", "+time=3",
             "+short", *options], capture_output=True, text=True, timeout=DEADLINE, check=False)
        check(out.returncode == 0, f"dig {name} at {self.name}: {out.stdout}{out.stderr}")
        return sorted(out.stdout.split("\n")[:-1])

    def dig_whole(self, name, rtype, *options):
        """All that dig says."""
        return subprocess.run(
            ["dig", "@127.0.0.1", "-p", str(self.dns_port), name, rtype, "+tries=1", "+time=3",
             *options], capture_output=True, text=True, timeout=DEADLINE, check=False).stdout

    def dig_status(self, name, rtype, *options):
        said = self.dig_whole(name, rtype, *options)
        for line in said.splitlines():
            if "status: " in line:
                return line.split("status: ")[1].split(",")[0]
        raise Failure(f"dig {name} at {self.name}: {said}")


class Swarm:
    def __init__(self, bin_dir, folder):
        self.bin = pathlib.Path(bin_dir).resolve()
        self.dir = pathlib.Path(folder)
        self.pki = self.dir / "pki"
        self.pki.mkdir()
        self.nodes = {}
        self.strangers = []  # configured peers that are not ours: (name, region, address)
        self.ctl("ca", "init", self.pki)
        self.certify("ann", "operator")

    def ctl(self, *arguments, code=0):
        out = subprocess.run([self.bin / "swarmctl", *arguments], capture_output=True, text=True,
                             timeout=4 * DEADLINE, check=False)
        check(out.returncode == code,
              f"swarmctl {' '.join(map(str, arguments))}: exit code {out.returncode}, not {code}\n"
              f"{out.stdout}{out.stderr}")
        return out.stdout if code == 0 else out.stdout + out.stderr

    def as_operator(self, who="ann"):
        return ("--cert", self.pki / f"{who}.pem", "--key", self.pki / f"{who}.key", "--ca",
                self.pki / "ca.pem")

    def ctl_on(self, node, *arguments, code=0, who="ann"):
        return self.ctl(*arguments, "--node", f"{node.name}@{node.address}",
                        *self.as_operator(who), code=code)

    def certify(self, name, role="node"):
        self.ctl("ca", "csr", name, "--role", role, "--out", self.pki)
        self.ctl("ca", "sign", name, "--role", role, "--ca", self.pki, "--csr",
                 self.pki / f"{name}.csr", "--out", self.pki)

    def add(self, name, region):
        self.certify(name)
        out = self.ctl("backup", "key", name, "--out", self.pki)
        node = Node(self, name, region)
        node.recipient = dict(line.split(None, 1) for line in out.splitlines())["recipient"]
        self.nodes[name] = node
        return node

    def stop(self):
        for node in self.nodes.values():
            node.stop()

    def abort(self):
        for node in self.nodes.values():
            if node.process is not None:
                print(f"---- {node.name} ----\n{node.tail()}", file=sys.stderr)
                node.process.kill()
                node.process.wait()


ZONE = """$ORIGIN {name}.
$TTL 300
@ IN SOA ns1 hostmaster 7 7200 900 1209600 300
@ NS ns1
ns1 A 192.0.2.53
www A 192.0.2.80
www AAAA 2001:db8::80
*.wild TXT "anything"
big TXT {big}
"""


def write_zone(path, name):
    big = " ".join(f'"{i:03d}{"x" * 250}"' for i in range(12))
    path.write_text(ZONE.format(name=name, big=big), encoding="ascii")


def too_long(number, frame):
    raise Failure("the test takes too long")


def main(test):
    """Run @test(swarm) in a fresh folder; the exit code for CTest.  usage: TEST BUILD-FOLDER"""
    if len(sys.argv) != 2:
        print(f"usage: {sys.argv[0]} BUILD-FOLDER", file=sys.stderr)
        return 2
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(300)
    os.environ.pop("SWARMCTL_CONTEXT", None)
    with tempfile.TemporaryDirectory(prefix="swarm.") as folder:
        swarm = Swarm(sys.argv[1], folder)
        try:
            test(swarm)
            swarm.stop()
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc()
            swarm.abort()
            return 1
    return 0
