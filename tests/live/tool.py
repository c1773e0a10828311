# SPDX-License-Identifier: GPL-3.0-or-later
"""swarmctl and swarmnode as programs: usage, exit codes, files, contexts."""
import os
import pathlib
import re
import shutil
import socket
import stat
import subprocess
import sys

import swarm as s

SOURCE = pathlib.Path(__file__).resolve().parents[2]
VERBS = ["status", "members", "zones reload", "zones", "promote", "health", "drain", "ca init",
         "ca csr", "ca sign", "ca show", "backup key", "backup snapshot", "backup restore"]


def run(swarm, program, *arguments, code, env=None):
    out = subprocess.run([swarm.bin / program, *arguments], capture_output=True, text=True,
                         cwd=swarm.dir, timeout=s.DEADLINE, check=False, env={**os.environ, **(env or {})})
    s.check(out.returncode == code, f"{program} {arguments}: {out.returncode}, not {code}: "
            f"{out.stdout}{out.stderr}")
    return out.stdout + out.stderr


def usage(swarm):
    for program in ("swarmctl", "swarmnode"):
        s.check("usage: " in run(swarm, program, "--help", code=0), "help")
        s.check("\ncore " in run(swarm, program, "--version", code=0), "version")
        s.check("usage: " in run(swarm, program, code=2), "without arguments")
        run(swarm, program, "--nonsense", code=2)
    listed = run(swarm, "swarmctl", "--help", code=0)
    for verb in VERBS:
        s.check(f"  {verb} " in listed, f"{verb} is listed")
        said = run(swarm, "swarmctl", *verb.split(), "--help", code=0)
        s.check(f"usage: swarmctl {verb}" in said and "--help" in said, said)
        run(swarm, "swarmctl", *verb.split(), "--nonsense", code=2)
        run(swarm, "swarmctl", *verb.split(), "x", "y", code=2)
    s.check("ca sign" in run(swarm, "swarmctl", "ca", "--help", code=0), "a group's help")
    run(swarm, "swarmctl", "ca", "explode", code=2)
    s.check("did you mean 'status'" in run(swarm, "swarmctl", "statsu", code=2), "a near verb")
    s.check("  backup restore " in run(swarm, "swarmctl", "backup", code=2), "a group alone")
    run(swarm, "swarmctl", "status", "--node", code=2)
    run(swarm, "swarmctl", "status", "--node", "127.0.0.1:1", code=2)  # no certificate


def completed(swarm, *words, env=None):
    """What bash offers for the last of the words after `swarmctl`."""
    script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _swarmctl 2>/dev/null;'
              ' printf "%s\\n" "${COMPREPLY[@]}"')
    return subprocess.run(["bash", "-c", script, "bash", SOURCE / "node/ctl/swarmctl.bash",
                           swarm.bin / "swarmctl", *words], capture_output=True, text=True,
                          cwd=swarm.dir, check=True, env={**os.environ, **(env or {})}
                          ).stdout.split()


def manual(swarm):
    """The man page and bash's completion know every verb and option that the program has."""
    man = (SOURCE / "node/ctl/swarmctl.1").read_text(encoding="ascii")
    items = [line for line in man.splitlines() if line.startswith(".It Ic ")]
    listed = run(swarm, "swarmctl", "--help", code=0)
    verbs = re.findall(r"^  ([a-z]+(?: [a-z]+)?)  ", listed, re.MULTILINE)
    s.check(sorted(verbs) == sorted(VERBS), str(verbs))
    words = completed(swarm, "")
    s.check({"--help", "--version"} < set(words), str(words))
    for verb in verbs:
        s.check(any(re.match(rf"\.It Ic {verb}($| (Ar|Op|Oo|Fl) )", line) for line in items),
                f"the man page lacks {verb}")
        first, *second = verb.split()
        s.check(first in words, f"completion lacks {first}")
        s.check(not second or second[0] in completed(swarm, first, ""),
                f"completion lacks {verb}")
        said = run(swarm, "swarmctl", *verb.split(), "--help", code=0)
        s.check(all(len(line) <= 100 for line in said.splitlines()), said)
        options = re.findall(r"^  (--[a-z-]+)", said, re.MULTILINE)
        s.check("--help" in options, said)
        for option in options:
            s.check(f"Fl -{option[2:]}" in man, f"the man page lacks {option} of {verb}")
        offered = completed(swarm, *verb.split(), "--")
        s.check(offered == options, f"completion of {verb}: {offered}, not {options}")
    context = swarm.dir / "nodes.yaml"
    context.write_text('nodes:\n  - {name: tokyo, address: "127.0.0.1:1"}\n  - name: osaka\n'
                       '    address: "127.0.0.1:2"\n', encoding="ascii")
    env = {"SWARMCTL_CONTEXT": str(context)}
    s.check(completed(swarm, "status", "--node", "", env=env) == ["tokyo", "osaka"], "nodes")
    s.check(completed(swarm, "zones", "--node", "o", env=env) == ["osaka"], "a node")
    s.check(completed(swarm, "ca", "csr", "x", "--role", "o") == ["operator"], "a role")


def authority(swarm):
    pki = swarm.pki
    s.check(stat.S_IMODE((pki / "ca.key").stat().st_mode) == 0o600, "ca.key is private")
    s.check(stat.S_IMODE((pki / "ann.key").stat().st_mode) == 0o600, "ann.key is private")
    before = (pki / "ca.key").read_bytes()
    run(swarm, "swarmctl", "ca", "init", pki, code=2)
    s.check((pki / "ca.key").read_bytes() == before, "a key is never overwritten")
    run(swarm, "swarmctl", "ca", "csr", "Bad_Name", "--out", pki, code=2)
    run(swarm, "swarmctl", "ca", "csr", "x", "--role", "king", "--out", pki, code=2)
    run(swarm, "swarmctl", "ca", "sign", "mallory", "--ca", pki, "--csr", pki / "ann.csr",
        "--out", pki, code=1)
    s.check(not (pki / "mallory.pem").exists(), "a request for another is not signed")
    said = run(swarm, "swarmctl", "ca", "show", pki / "ann.pem", code=0)
    s.check("operator ann" in said, said)
    run(swarm, "swarmctl", "ca", "show", pki / "absent.pem", code=2)
    # Another implementation agrees that it is a chain.
    subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", pki / "ca.pem",
                    pki / "ann.pem"], check=True, capture_output=True)


def node(swarm):
    a = swarm.add("a", "here")
    swarm.nodes.clear()
    a.write_config()
    run(swarm, "swarmnode", "--config", a.config, "--check-config", code=0)
    good = a.config.read_text(encoding="ascii")
    a.config.write_text(good.replace("pki/a.pem", "pki/ann.pem"), encoding="ascii")
    run(swarm, "swarmnode", "--config", a.config, "--check-config", code=1)
    a.config.write_text(good.replace("name: a", "name: b"), encoding="ascii")
    said = run(swarm, "swarmnode", "--config", a.config, "--check-config", code=1)
    s.check("the certificate is for node a, not for node b" in said, said)
    a.config.write_text(good.replace("level: debug", "level: debgu"), encoding="ascii")
    said = run(swarm, "swarmnode", "--config", a.config, code=2)
    s.check("debug" in said and f"{a.config}:" in said, said)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        a.config.write_text(good.replace(str(a.peer_port), str(port)), encoding="ascii")
        said = run(swarm, "swarmnode", "--config", a.config, code=3)
        s.check("address already in use" in said, said)
    a.config.write_text(good, encoding="ascii")
    swarm.nodes["a"] = a
    a.start()
    a.wait_ready(set())
    status = a.status()
    version = run(swarm, "swarmnode", "--version", code=0)
    s.check(f"core {status['core_digest']}\n" in version, "the status names the core")
    text = swarm.ctl_on(a, "status")
    s.check("state      ready" in text, text)

    context = swarm.dir / "context.yaml"
    context.write_text("ca: pki/ca.pem\ncertificate: pki/ann.pem\nkey: pki/ann.key\nnodes:\n"
                       f'  - {{name: a, address: "{a.address}"}}\n', encoding="ascii")
    env = {"SWARMCTL_CONTEXT": str(context)}
    s.check("a: ready" in run(swarm, "swarmctl", "health", code=0, env=env), "the first node")
    run(swarm, "swarmctl", "health", "--node", "a", code=0, env=env)
    run(swarm, "swarmctl", "health", "--node", "b", code=2, env=env)
    context.write_text("nodez: []\n", encoding="ascii")
    s.check("did you mean" in run(swarm, "swarmctl", "health", code=2, env=env), "a mistyped key")
    a.kill()
    said = run(swarm, "swarmctl", "health", "--node", f"a@{a.address}", *swarm.as_operator(),
               code=3)
    s.check(f"swarmctl: a at {a.address}: Connection refused" in said, said)


def example(swarm):
    """The example that users copy is right as it stands, and with every default spelled out."""
    text = (SOURCE / "node/live/example.yaml").read_text(encoding="ascii")
    folder = swarm.dir / "example"
    (folder / "pki").mkdir(parents=True)
    swarm.certify("tokyo-1")
    swarm.ctl("backup", "key", "tokyo-1", "--out", folder / "pki")
    for name in ("ca.pem", "tokyo-1.pem", "tokyo-1.key"):
        shutil.copy(swarm.pki / name, folder / "pki")
    config = folder / "node.yaml"
    spelled_out = re.sub(r"(?m)^( *)# ( *(?!crl)\w+: *)", r"\1\2", text)
    s.check(spelled_out.count("#") < text.count("#") - 12, "nothing was spelled out")
    for content in (text, spelled_out):
        config.write_text(content, encoding="ascii")
        run(swarm, "swarmnode", "--config", config, "--check-config", code=0)


def test(swarm):
    example(swarm)
    usage(swarm)
    manual(swarm)
    authority(swarm)
    node(swarm)


if __name__ == "__main__":
    sys.exit(s.main(test))
