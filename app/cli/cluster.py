"""Three nodes on loopback and the console on top: `make cluster`. For looking and for trying.

Nodes: API on 8080 to 8082, Raft on 7000 to 7002, data under data/var/. End one with `kill -9` and
watch the Cluster page.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

DATA = Path("data/var")
NODES = 3


def node_command(number: int, *, http_port: int = 8080, raft_port: int = 7000) -> list[str]:
    """The command line of node `number` (from 0) of a cluster of three on loopback."""
    peers = [f"127.0.0.1:{raft_port + other}" for other in range(NODES) if other != number]
    command = [sys.executable, "-m", "app.cli.serve"]
    command += ["--node-id", f"chronos-{number + 1}"]
    command += ["--data-dir", str(DATA / f"cluster-{number + 1}")]
    command += ["--http", f"127.0.0.1:{http_port + number}"]
    command += ["--raft", f"127.0.0.1:{raft_port + number}"]
    for peer in peers:
        command += ["--peer", peer]
    return command


def main() -> int:
    """Run until interrupted; every process ends with this one."""
    nodes = [subprocess.Popen(node_command(number)) for number in range(NODES)]
    pids = ", ".join(f"chronos-{k + 1} is pid {node.pid}" for k, node in enumerate(nodes))
    sys.stdout.write(f"{pids}\n")
    sys.stdout.flush()
    environment = {**os.environ, "CHRONOS_URL": "http://127.0.0.1:8080"}
    console = subprocess.Popen([sys.executable, "-m", "streamlit", "run", "app"], env=environment)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return console.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        for process in (console, *nodes):
            process.terminate()
        for process in (console, *nodes):
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
