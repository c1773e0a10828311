# SPDX-License-Identifier: GPL-3.0-or-later
"""node/live/README.md as a reader pastes it: its commands in order, in one shell, on free ports."""
import os
import pathlib
import re
import signal
import subprocess
import sys

import swarm as s

README = pathlib.Path(__file__).resolve().parents[2] / "node/live/README.md"


def script():
    """All blocks marked as shell, with other ports."""
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```$", README.read_text(encoding="utf-8"))
    s.check(len(blocks) >= 8, f"{len(blocks)} blocks")
    text = "set -eu -o pipefail\n" + "".join(blocks)
    ports = sorted(set(re.findall(r"\b(?:53|70)\d\d\b", text)))
    s.check(len(ports) == 9, f"ports {ports}")
    mine = {port: str(s.free_port()) for port in ports}
    s.check(len(set(mine.values())) == len(ports), "free ports were given twice")
    return re.sub(r"\b(?:53|70)\d\d\b", lambda m: mine[m.group()], text)


def end(folder):
    """Whatever the script left running."""
    for file in folder.glob("*.pid"):
        try:
            os.kill(int(file.read_text(encoding="ascii")), signal.SIGKILL)
        except (OSError, ValueError):
            pass


def test(swarm):
    folder = swarm.dir / "my-swarm"
    env = {**os.environ, "PATH": f"{swarm.bin}:{os.environ['PATH']}"}
    with open(swarm.dir / "said", "w+b") as said:
        try:
            code = subprocess.run(["bash", "-c", script()], cwd=swarm.dir, env=env, stdout=said,
                                  stderr=said, stdin=subprocess.DEVNULL, timeout=4 * s.DEADLINE,
                                  check=False).returncode
        except subprocess.TimeoutExpired:
            code = "none in time"
        finally:
            end(folder)
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    s.check(code == 0, f"exit code {code}:\n{text}")
    for words in ("tokyo.yaml: good", "oregon: ready", "flags: qr aa", "(TCP)", "state      ready",
                  "did you mean 'zones'?", "held by oregon, osaka", "written and verified"):
        s.check(words in text, f"'{words}' was not said:\n{text}")
    s.check(re.search(r"(?m)^tokyo +kanto +down ", text), f"tokyo is down:\n{text}")
    s.check((folder / "restored/orders").read_text(encoding="ascii") == "three apples\n", text)
    for name in ("osaka", "oregon"):
        log = (folder / f"{name}.log").read_text(encoding="utf-8")
        s.check("event=stopped" in log, log)
        s.check('"unknown error"' not in log, log)


if __name__ == "__main__":
    sys.exit(s.main(test))
