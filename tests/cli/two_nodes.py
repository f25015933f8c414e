#!/usr/bin/python3
"""Two nodes on one machine, by hand and as root: network namespaces of their own, joined by a link of 50 microseconds and 1 Gbit/s.

two_nodes.py PROGRAM [--problem PROBLEM] [OPTION_OF_SOLVE ...] runs `bench --scale` and, with a problem, `solve` on one rank a node
over that link: measured beside modelled times, and what MPI's own count says was sent. Where the kernel lacks netem the link has its
rate only, by tbf, and this is said. Everything vanishes with the script.
"""

import argparse
import collections
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

LINK = "link0"
ADDRESSES = ("10.77.0.1", "10.77.0.2")
RATE = "1gbit"
DELAY = "50us"


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, **options)


class Nodes:
    """This process is on the first node, a process that sleeps holds the second."""

    def __init__(self, folder):
        run("hostname", "first")
        self.other = subprocess.Popen(["unshare", "--net", "--uts", "sh", "-c", "hostname second; exec sleep 86400"])
        here = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{self.other.pid}/ns/net") == here:
            time.sleep(0.01)
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", LINK, "type", "veth", "peer", "name", "peer0")
        run("ip", "link", "set", "peer0", "netns", str(self.other.pid))
        self.inside = ["nsenter", f"--net=/proc/{self.other.pid}/ns/net", f"--uts=/proc/{self.other.pid}/ns/uts"]
        run(*self.inside, "ip", "link", "set", "peer0", "name", LINK)
        self.how = ""
        for address, inside in zip(ADDRESSES, ([], self.inside)):
            run(*inside, "ip", "address", "add", f"{address}/24", "dev", LINK)
            run(*inside, "ip", "link", "set", LINK, "up")
            run(*inside, "ip", "link", "set", "lo", "up")
            self.how = self.shape(inside)
        self.agent = folder / "agent.sh"
        self.agent.write_text(f"#!/bin/sh\nshift\nexec {' '.join(self.inside)} sh -c \"$*\"\n")
        self.agent.chmod(0o755)

    @staticmethod
    def shape(inside):
        add = [*inside, "tc", "qdisc", "add", "dev", LINK, "root"]
        netem = subprocess.run([*add, "netem", "delay", DELAY, "rate", RATE], capture_output=True, check=False)
        if netem.returncode == 0:
            return f"{DELAY} and {RATE} each way (netem)"
        run(*add, "tbf", "rate", RATE, "burst", "64kb", "latency", "10ms")
        return f"{RATE} each way (tbf): this kernel has no netem, so no delay is added"

    def mpirun(self, counts, *command):
        environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        settings = {"plm_rsh_agent": self.agent, "btl": "tcp,self", "btl_tcp_if_include": LINK, "oob_tcp_if_include": LINK,
                    "mpi_yield_when_idle": 1, "pml_monitoring_enable": 2, "pml_monitoring_enable_output": 3,
                    "pml_monitoring_filename": counts}
        options = [word for name, value in settings.items() for word in ("--mca", name, str(value))]
        hosts = ",".join(f"{address}:1" for address in ADDRESSES)
        return subprocess.run(["mpirun", "--bind-to", "none", "--host", hosts, *options, *command], env=environment, text=True,
                              capture_output=True, check=False)

    def end(self):
        self.other.send_signal(signal.SIGKILL)
        self.other.wait()


def sent(folder):
    """Messages and bytes from rank to rank, by MPI's monitoring."""
    total = collections.Counter()
    for path in folder.glob("count*.prof"):
        for line in path.read_text().splitlines():
            words = line.split()
            if words and words[0] in ("E", "I"):
                total["bytes"] += int(words[3])
                total["messages"] += int(words[5])
        path.unlink()
    return total


def main():
    if os.geteuid() != 0:
        sys.exit("two_nodes.py makes network namespaces, for which it must be root")
    if "TWO_NODES_INSIDE" not in os.environ:
        os.execvpe("unshare", ["unshare", "--net", "--uts", sys.executable, *sys.argv], dict(os.environ, TWO_NODES_INSIDE="1"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--problem")
    arguments, options = parser.parse_known_args()
    program = os.path.abspath(arguments.program)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        nodes = Nodes(folder)
        try:
            print(f"link: {nodes.how}", flush=True)
            bench = nodes.mpirun(folder / "count", program, "bench", "--scale", "--growth", "1", "--seconds", "0.2")
            print(bench.stdout, bench.stderr if bench.returncode else "", flush=True)
            sent(folder)
            if not arguments.problem:
                return bench.returncode
            begin = time.monotonic()
            solve = nodes.mpirun(folder / "count", program, "solve", os.path.abspath(arguments.problem), *options)
            total = sent(folder)
            print("\n".join(line for line in solve.stderr.splitlines() if line.startswith(("share", "time", "work", "RESULT"))))
            print(f"{time.monotonic() - begin:.2f} s, start of mpirun included; both ranks together sent {total['messages']} messages, "
                  f"{total['bytes']} bytes")
            return solve.returncode
        finally:
            nodes.end()


if __name__ == "__main__":
    sys.exit(main())
