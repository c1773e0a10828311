# SPDX-License-Identifier: GPL-3.0-or-later
"""A set sealed on A and stored on B and C is restored on C, bit by bit, after A is gone."""
import json
import os
import shutil
import stat
import sys

import swarm as s


def make_tree(root):
    """Files that are hard to bring back right."""
    (root / "etc/empty-folder").mkdir(parents=True)
    (root / "etc/empty").write_bytes(b"")
    (root / "etc/small.conf").write_bytes(b"answer = 42\n")
    (root / "etc/big.bin").write_bytes(bytes((i * i >> 7) & 255 for i in range(3 << 20)))
    (root / "etc/random.bin").write_bytes(os.urandom(1 << 20))
    (root / "etc/twin.bin").write_bytes((root / "etc/random.bin").read_bytes())
    (root / "etc/gr\u00fc\u00dfe \u4e2d").write_bytes(b"utf-8 and a space")
    deep = root / "/".join(f"d{i}" for i in range(20))
    deep.mkdir(parents=True)
    (deep / "leaf").write_bytes(b"deep")
    os.symlink("small.conf", root / "etc/link")
    os.symlink("/nowhere/at/all", root / "etc/dangling")
    os.chmod(root / "etc/small.conf", 0o640)
    os.chmod(root / "etc/big.bin", 0o400)
    os.chmod(root / "etc/empty-folder", 0o711)
    os.utime(root / "etc/small.conf", ns=(0, 1_234_567_890_123_456_789))
    for i in range(200):
        (root / f"etc/file-{i:03d}").write_bytes(b"%d\n" % i * i)


def describe(root):
    """Every path with its type, mode, mtime and content."""
    out = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            kind = stat.S_IFMT(st.st_mode)
            content = b""
            if stat.S_ISREG(st.st_mode):
                with open(path, "rb") as f:
                    content = f.read()
            elif stat.S_ISLNK(st.st_mode):
                content = os.readlink(path).encode()
            mtime = 0 if stat.S_ISDIR(st.st_mode) else st.st_mtime_ns
            out[os.path.relpath(path, root)] = (kind, stat.S_IMODE(st.st_mode), mtime, content)
    return out


def compare(want, got):
    s.check(want.keys() == got.keys(),
            f"missing {sorted(want.keys() - got.keys())}, extra {sorted(got.keys() - want.keys())}")
    for path, facts in want.items():
        s.check(got[path] == facts, f"{path}: {got[path][:3]}, not {facts[:3]}, or other content")


def test(swarm):
    a, b, c = (swarm.add(name, f"region-{name}") for name in "abc")
    source = swarm.dir / "source"
    source.mkdir()
    make_tree(source)
    want = describe(source)
    a.sets = [("etc", source, a.recipient)]
    zone = swarm.dir / "example.zone"
    s.write_zone(zone, "example.org")
    a.zones = [("example.org", zone, True)]
    b.zones = [("example.org", zone, False)]
    for node in (a, b, c):
        node.start()
    for node in (a, b, c):
        node.wait_ready({"a", "b", "c"} - {node.name})
        s.wait_until(f"{node.name} answers",
                     lambda n=node: n.dig("www.example.org", "A") == ["192.0.2.80"])

    first = json.loads(swarm.ctl_on(a, "backup", "snapshot", "--set", "etc", "--json"))
    s.check(len(first["holders"]) >= 2, str(first))
    s.check(first["files"] >= 207 and first["packs"] >= 1, str(first))
    (source / "etc/small.conf").write_bytes(b"answer = 43\n")
    (source / "etc/file-007").unlink()
    want = describe(source)
    second = json.loads(swarm.ctl_on(a, "backup", "snapshot", "--set", "etc", "--json"))
    s.check(second["sequence"] > first["sequence"], str(second))
    s.check(second["stored_bytes"] < first["stored_bytes"], f"not incremental: {second}")
    swarm.ctl_on(a, "backup", "snapshot", "--set", "unknown", code=2)
    swarm.ctl_on(c, "backup", "restore", "--from", "a", "--set", "unknown", "--to",
                 swarm.dir / "none", "--recovery", swarm.pki / "a.recovery", code=2)
    s.check('what=unknown error="not found"' in c.tail(), c.tail())

    # No holder can read what it keeps.
    for node in (b, c):
        kept = b"".join(p.read_bytes() for p in (node.dir / "store").rglob("*") if p.is_file())
        s.check(len(kept) > 1 << 20, f"{node.name} keeps {len(kept)} bytes")
        s.check(b"answer = 4" not in kept and b"small.conf" not in kept, "stored in the clear")

    # A is gone, with its disk and its source.
    a.kill()
    shutil.rmtree(a.dir)
    shutil.rmtree(source)
    s.check(c.dig("www.example.org", "A") == ["192.0.2.80"], "b answers for c")

    target = swarm.dir / "restored"
    restore = ("backup", "restore", "--from", "a", "--set", "etc", "--to", target)
    recovery = ("--recovery", swarm.pki / "a.recovery")
    said = swarm.ctl_on(c, *restore, "--recovery", swarm.pki / "b.recovery", code=1)
    s.check(not target.exists() or not describe(target), f"restored with a wrong key: {said}")
    done = json.loads(swarm.ctl_on(c, *restore, *recovery, "--json"))
    s.check(done["sequence"] == second["sequence"] and done["damaged"] == [], str(done))
    compare(want, describe(target))
    older = swarm.dir / "older"
    swarm.ctl_on(c, "backup", "restore", "--from", "a", "--set", "etc", "--to", older, "--sequence",
                 str(first["sequence"]), *recovery)
    s.check((older / "etc/small.conf").read_bytes() == b"answer = 42\n", "the older snapshot")
    s.check((older / "etc/file-007").exists(), "the older snapshot's file")

    # An unpinned node never gets the key.
    swarm.ctl(*restore, *recovery, "--node", c.address, *swarm.as_operator(), code=2)

    # The secret was not logged.
    secret = dict(line.split() for line in (swarm.pki / "a.recovery").read_text().splitlines()
                  if not line.startswith("#"))["secret"]
    for node in (b, c):
        s.check(secret not in (node.dir / "log").read_text(errors="replace"), "a key in the log")


if __name__ == "__main__":
    sys.exit(s.main(test))
