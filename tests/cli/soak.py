"""Random faults, over and over: a solve is killed, suspended, starved and lied to, and resumed on other numbers of ranks.

    soak.py PROGRAM [--seconds N] [--seed N]

Whatever happens, the checkpoint can be resumed, solution.h5 has an order, nothing lies about, no process lives on, and in
the end the answer and the way to it are those of an undisturbed run. Then it begins anew. Prints a table of what was done
and what came of it; exit code 1 where a promise is broken. Faults that need root (a small tmpfs, a small /dev/shm) or
libfaketime (clocks that jump) are left out where there is none, and named.
"""

import argparse
import collections
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/jobs")]

import harness
import stops

SEARCH = ("--start", "random", "--islands", "2", "--no-times", "--sample-rows", "64", "--seed", "7")
HANG = 120  # seconds: no fault takes so long
ALONE = 20  # seconds of an mpirun without ranks
MORE = 240  # seconds to wait for a first run that is resumed
INSIDE = "KINTSUGI_SOAK_INSIDE"
FAKETIME = next(iter(sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


class Broken(Exception):
    """A promise that was not kept."""


class Soak:
    def __init__(self, program, folder, seed):
        self.program, self.folder = program, folder
        self.random = random.Random(seed)
        self.counts = collections.Counter()
        self.mpirun_hung = False
        self.history = []  # of the last runs: fault, ranks, exit code, what was resumed
        self.outcomes = collections.defaultdict(collections.Counter)
        harness.Planted(blocks=28, width=16, rows=4000, seed=3).write(folder / "p.h5")
        self.disk = folder / "disk"
        self.disk.mkdir()
        self.clock = folder / "clock"
        self.clock.write_text("+0")
        self.run_undisturbed()

    def command(self, folder):
        return [self.program, "solve", self.folder / "p.h5", *SEARCH, "-o", folder / "s.h5", "--checkpoint", folder / "c.h5",
                "--checkpoint-interval", "0", "--resume"]

    def run_undisturbed(self):
        quiet = self.folder / "quiet"
        quiet.mkdir()
        subprocess.run([str(word) for word in self.command(quiet)], check=True, capture_output=True, timeout=600)
        self.right = self.way(quiet / "s.h5")
        shutil.rmtree(quiet)

    @staticmethod
    def way(path):
        with h5py.File(path) as file:
            return file["trajectory"][:].tolist(), file["permutation"][:].tolist(), file["elites/mse"][:].tolist()

    def start(self, fault):
        """Starts or resumes the solve on a random number of ranks; with the process and that number."""
        self.np = ranks = self.random.choice((1, 1, 2, 2, 3, 4)) if fault.ranks is None else fault.ranks
        command = [str(word) for word in self.command(self.disk)]
        if fault.clock:
            command = ["env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME_TIMESTAMP_FILE={self.clock}", "FAKETIME_NO_CACHE=1",
                       "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1", *command]
        if ranks > 1 or fault.ranks is not None:
            command = [str(stops.MPIRUN), str(ranks), *command]
        if fault.small_shm:
            script = f'mount -t tmpfs -o size={self.random.choice((1, 4, 12, 24))}m tmpfs /dev/shm && exec "$@"'
            command = ["unshare", "-m", "sh", "-c", script, "sh", *command]
        log = tempfile.TemporaryFile()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, env=harness.clean_environment(),
                                   start_new_session=True)
        return process, log

    def ranks(self, process):
        below = stops.ranks_of(process.pid)
        try:
            alone = pathlib.Path(f"/proc/{process.pid}/comm").read_text().startswith("kintsugi")
        except OSError:
            alone = False
        return [pid for pid, _ in below] if not alone else [process.pid]

    def one(self, fault):
        process, log = self.start(fault)
        began = time.monotonic()
        time.sleep(self.random.uniform(0, 2.5))
        try:
            fault.do(self, process)
            self.wait(process)
        finally:
            fault.undo(self)
        log.seek(0)
        said = log.read().decode(errors="replace")
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise Broken(f"it hangs: {said[-2000:]}")
        self.history = [*self.history[-9:], (fault.name, self.np, process.returncode, re.findall(r"resume .*", said))]
        self.outcomes[fault.name][self.outcome(process, said, fault)] += 1
        self.counts["runs"] += 1
        self.counts["resumed"] += "resume   from" in said
        self.look_for_processes(process, began)
        self.look_at_files(said)

    def wait(self, process):
        """Until it ends, or for so long that it hangs. Open MPI's mpirun may hang in its own finalisation, where a rank
        died while it made itself known (a mutex in PMIx): its ranks are gone then, and it is killed."""
        began = alone_since = time.monotonic()
        while process.poll() is None and time.monotonic() - began < HANG:
            if any(stops.lives(rank) for rank in stops.ranks_of(process.pid)) or self.ranks(process) == [process.pid]:
                alone_since = time.monotonic()
            if time.monotonic() - alone_since > ALONE:
                process.kill()
                process.wait()
                self.mpirun_hung = True
                return
            time.sleep(0.02)

    def outcome(self, process, said, fault):
        if self.mpirun_hung:
            self.mpirun_hung = False
            return "mpirun hung"
        code = process.returncode
        if "kintsugi: internal error" in said and not fault.may_fail:
            raise Broken(f"an internal error: {said[-2000:]}")
        if code in (1, 2) and "kintsugi: error" in said and not fault.may_fail:
            raise Broken(f"refused with code {code}: {said[-2000:]}")
        if code == 0:
            self.compare()
            for path in list(self.disk.iterdir()):
                path.unlink()
            return "solved alike"
        return {4: "stopped (4)", 5: "error (5)"}.get(code, "ended")

    def compare(self):
        """The solution with that of the undisturbed run."""
        found = self.way(self.disk / "s.h5")
        if found == self.right:
            return
        parts = [name for name, one, other in zip(("trajectory", "permutation", "elites"), found, self.right) if one != other]
        rows = list(zip(found[0], self.right[0]))
        first = next((i for i, (one, other) in enumerate(rows) if one != other), len(rows))
        raise Broken(f"other {', '.join(parts)}: {len(found[0])} rows instead of {len(self.right[0])}, from row {first} on: "
                     f"{found[0][first:first + 2]} instead of {self.right[0][first:first + 2]}; before: {self.history}")

    def look_for_processes(self, process, began):
        """Nothing of the run lives on, but for a moment."""
        while time.monotonic() < began + HANG:
            mine = subprocess.run(["pgrep", "-f", str(self.disk)], capture_output=True, text=True).stdout.split()
            if not [pid for pid in mine if int(pid) not in (os.getpid(), os.getppid())]:
                return
            time.sleep(0.05)
        raise Broken(f"processes live on: {mine}")

    def look_at_files(self, said):
        for name in [path.name for path in self.disk.iterdir()]:
            if name not in ("c.h5", "c.h5.previous", "c.h5.next", "c.h5.lock", "s.h5") and ".tmp" not in name and \
                    not name.startswith(".s.h5"):
                raise Broken(f"{name} lies about")
        if (self.disk / "s.h5").exists():
            with h5py.File(self.disk / "s.h5") as file:
                if sorted(file["permutation"][:].tolist()) != sorted(self.right[1]):
                    raise Broken("s.h5 has no permutation")

    def finish(self):
        """Without faults, from what is there: the same answer."""
        for _ in range(3):
            result = subprocess.run([str(word) for word in self.command(self.disk)], capture_output=True, text=True,
                                    timeout=600)
            if result.returncode == 0:
                break
        if result.returncode != 0:
            raise Broken(f"the last run ends otherwise: {result.stderr[-2000:]}")
        self.compare()
        left = sorted(path.name for path in self.disk.iterdir())
        if any(name not in ("c.h5", "c.h5.previous", "s.h5") for name in left):
            raise Broken(f"what lies about in the end: {left}")


class Fault:
    def __init__(self, name, do, ranks=None, clock=False, small_shm=False, may_fail=False, undo=lambda soak: None):
        self.name, self.do, self.ranks, self.undo = name, do, ranks, undo
        self.clock, self.small_shm, self.may_fail = clock, small_shm, may_fail


def kill_quietly(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def to_a_rank(number):
    def do(soak, process):
        ranks = soak.ranks(process)
        if ranks:
            kill_quietly(soak.random.choice(ranks), number)
    return do


def to_launcher(number):
    return lambda soak, process: kill_quietly(process.pid, number)


def suspend(pids, soak):
    for pid in pids:
        kill_quietly(pid, signal.SIGSTOP)
    time.sleep(soak.random.uniform(0.05, 1.5))
    for pid in pids:
        kill_quietly(pid, signal.SIGCONT)


def suspend_a_rank(soak, process):
    suspend(soak.random.choices(soak.ranks(process) or [process.pid]), soak)


def suspend_all(soak, process):
    suspend([process.pid, *soak.ranks(process)], soak)


def fill_disk(soak, process):
    size = 1 << 16
    try:
        with open(soak.disk / ".tmp-filler", "wb", buffering=0) as filler:
            while filler.write(bytes(size)) == size:
                pass
    except OSError:
        pass
    time.sleep(soak.random.uniform(0.2, 2))
    if soak.random.random() < 0.5:
        empty_disk(soak)
    to_a_rank(soak.random.choice((signal.SIGTERM, signal.SIGKILL)))(soak, process)


def empty_disk(soak):
    (soak.disk / ".tmp-filler").unlink(missing_ok=True)


def step_clock(soak, process):
    for _ in range(3):
        soak.clock.write_text(f"{soak.random.choice((-86400, -3600, -2, 2, 3600, 86400 * 400)):+d}")
        time.sleep(soak.random.uniform(0.05, 0.6))
    if soak.random.random() < 0.5:
        to_a_rank(signal.SIGTERM)(soak, process)


FAULTS = [
    Fault("SIGKILL to a rank", to_a_rank(signal.SIGKILL)),
    Fault("SIGKILL to mpirun", to_launcher(signal.SIGKILL), ranks=2),
    Fault("SIGTERM to a rank", to_a_rank(signal.SIGTERM)),
    Fault("SIGINT to mpirun", to_launcher(signal.SIGINT), ranks=3),
    Fault("a rank suspended", suspend_a_rank),
    Fault("all suspended", suspend_all),
    Fault("clock steps", step_clock, clock=True),
    Fault("full disk", fill_disk, may_fail=True, undo=empty_disk),
    Fault("small /dev/shm", to_a_rank(signal.SIGTERM), ranks=2, small_shm=True, may_fail=True),
    Fault("none", lambda soak, process: None),
]


def soak(arguments):
    with tempfile.TemporaryDirectory(prefix="kintsugi-soak-") as scratch:
        run = Soak(arguments.program, pathlib.Path(scratch), arguments.seed)
        faults = list(FAULTS)
        if FAKETIME is None:
            print("left out: clock steps (there is no libfaketime)")
            faults = [fault for fault in faults if not fault.clock]
        if os.environ.get(INSIDE) != "mounts":
            print("left out: full disk, small /dev/shm (no mounts can be made)")
            faults = [fault for fault in faults if not fault.may_fail]
        else:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(run.disk)], check=True)
        end = time.monotonic() + arguments.seconds
        try:
            # On a busy machine for longer: a soak in which nothing is resumed shows little.
            while time.monotonic() < end or (run.counts["resumed"] == 0 and time.monotonic() < end + MORE):
                run.one(run.random.choice(faults))
            run.finish()
        except Broken as broken:
            print(f"BROKEN after {run.counts['runs']} runs: {broken}")
            return 1
        finally:
            print_table(run)
            if os.environ.get(INSIDE) == "mounts":
                subprocess.run(["umount", "-l", str(run.disk)], check=False)
    return 0


def print_table(run):
    columns = sorted({outcome for counts in run.outcomes.values() for outcome in counts})
    print("| fault | runs | " + " | ".join(columns) + " |")
    print("|---|---" + "|---" * len(columns) + "|")
    for fault, counts in sorted(run.outcomes.items()):
        print(f"| {fault} | {sum(counts.values())} | " + " | ".join(str(counts[name]) for name in columns) + " |")
    print(f"{run.counts['runs']} runs, {run.counts['resumed']} resumed", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if INSIDE not in os.environ:
        mounts = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
        inside = ["unshare", "-m"] if mounts.returncode == 0 else []
        os.environ[INSIDE] = "mounts" if inside else "none"
        os.execvp("env", ["env", *inside, sys.executable, *sys.argv])
    return soak(arguments)


if __name__ == "__main__":
    sys.exit(main())
