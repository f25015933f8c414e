"""Ways of being stopped, at several sizes: seconds until the end, the exit code, and what is on disk.

    stops.py PROGRAM [--sizes LIST] [--ways LIST] [--launchers LIST] [--after LIST] [--start NAME] [--folder FOLDER]

Prints a table, a line for each stop: the seconds are until its last word, and beside them until its ranks and its
launcher are gone. Exit code 1 where one takes longer than it may, or leaves something else than is promised.
--after: seconds from the start to the stop, several for several phases. --start: of the search (random; with auto a
line by the weights is sought first). Problems are made in FOLDER, once.
"""

import argparse
import fcntl
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time

import h5py

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/jobs"), str(ROOT / "tests/support")]

import cluster
import harness

MPIRUN = ROOT / "tests/support/mpirun.sh"
STOPPED, INTERNAL = 4, 5
# What the program says when all is written.
LAST_WORDS = (b"\nRESULT ", b"; nothing was written\n")
# Nothing solves within this: a search goes on until it is stopped.
ENDLESS = ("--tolerance", "1e-30")


class Size:
    """What is stopped: a solve of a planted problem, or the making of one."""

    def __init__(self, blocks, rows, limit, after, made=False, width=64, hidden=128):
        self.blocks, self.rows, self.limit, self.after, self.made = blocks, rows, limit, after, made
        self.shape = ["--blocks", blocks, "--width", width, "--hidden", hidden, "--rows", rows]

    def generate(self, program, folder, name):
        return [program, "generate", *self.shape, "-o", folder / f"{name}.h5", "--answer", folder / f"{name}.txt"]


SIZES = {
    "small": Size(24, 500, 2, [1], width=16, hidden=32),
    "puzzle": Size(48, 10000, 2, [2], width=48, hidden=96),
    "256 blocks": Size(256, 10000, 2, [6]),
    "1024 blocks": Size(1024, 10000, 5, [30]),
    "generate 1024": Size(1024, 10000, 5, [2], made=True),
}


# Of tasks that srun starts: a small cluster lives in containers, too.
IN_SLURM = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_mpi_yield_when_idle": "1",
            "OMPI_MCA_btl_vader_single_copy_mechanism": "none", "OMPI_MCA_hwloc_base_binding_policy": "none"}


def ranks_of(pid):
    """The processes below `pid` that run the program (all, for 1, the first process there is), each with what tells it
    from a later one of its number."""
    children = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            name, fields = (entry / "stat").read_text().rsplit(")", 1)
        except OSError:
            continue
        fields = fields.split()
        children.setdefault(int(fields[1]), []).append((int(entry.name), name.endswith("kintsugi"), fields[19]))
    found, waiting = [], [pid]
    while waiting:
        for child, is_rank, started in children.get(waiting.pop(), []):
            # Below a rank is the process that reads files for it, which has its name.
            if is_rank:
                found.append((child, started))
            else:
                waiting.append(child)
    return found


def lives(rank):
    try:
        fields = (pathlib.Path("/proc") / str(rank[0]) / "stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return False
    return fields[19] == rank[1] and fields[0] != "Z"


class Run:
    """A solve or a generate that goes on until it is stopped."""

    def __init__(self, program, size, name, problems, launcher, options=(), terminal=False):
        self.size = size
        self.scratch = tempfile.TemporaryDirectory(prefix="kintsugi-stops-")
        self.folder = pathlib.Path(self.scratch.name)
        if size.made:
            command = size.generate(program, self.folder, "out")
        else:
            command = [program, "solve", problems / f"{name}.h5", "-o", self.folder / "out.h5", *ENDLESS, *options]
        self.launched = launcher != "alone"
        self.by_srun = launcher == "srun"
        if self.by_srun:
            while slurm_jobs():  # the one before is still being put away
                time.sleep(0.1)
            command = ["srun", "--mpi=pmix", "--ntasks=2", "--unbuffered", *command]
        elif self.launched:
            command = [MPIRUN, "2", *command]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KINTSUGI_")}
        self.leader = None
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        if terminal:
            self.leader, follower = pty.openpty()
            streams = {"stdin": follower, "stdout": follower, "stderr": follower, "start_new_session": True,
                       "preexec_fn": lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)}
        self.process = subprocess.Popen([str(word) for word in command], env=environment, **streams)
        if terminal:
            os.close(follower)
        self.started = time.monotonic()
        self.ranks = []
        self.said = b""

    def wait(self, seconds, ordered=False):
        """Lets it run for so long since its start; and, where `ordered`, until an order is on disk."""
        while self.process.poll() is None:
            past = time.monotonic() - self.started
            if past >= seconds and (not ordered or (self.folder / "out.h5").exists() or past > 60):
                break
            time.sleep(0.005)
        self.ranks = ranks_of(1 if self.by_srun else self.process.pid) if self.launched else []

    def end(self, since):
        """Seconds from `since` until its last word, and until all is gone; ended by force after a minute."""
        last_word = heard = None
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None and not stream.closed:
                os.set_blocking(stream.fileno(), False)
        while self.process.poll() is None or any(map(lives, self.ranks)):
            time.sleep(0.005)
            self.listen()
            if heard is None and b"stop     " in self.said:
                heard = time.monotonic()
            if last_word is None and any(word in self.said for word in LAST_WORDS):
                last_word = time.monotonic()
            if time.monotonic() - since > 60:
                self.process.kill()
                for pid, _ in filter(lives, self.ranks):
                    os.kill(pid, signal.SIGKILL)
        gone = time.monotonic()
        self.heard = heard - since if heard else None
        self.listen()
        return (last_word if self.launched and last_word else gone) - since, gone - since

    def listen(self):
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None and not stream.closed:
                self.said += stream.read() or b""

    def on_disk(self):
        """The status in the solution file, and what else lies beside it."""
        files = sorted(path.name for path in self.folder.iterdir())
        status = "nothing"
        if "out.h5" in files and not self.size.made:
            files.remove("out.h5")
            with h5py.File(self.folder / "out.h5") as file:
                status = harness.text(file.attrs["status"])
                if sorted(file["permutation"][:].tolist()) != list(range(2 * self.size.blocks + 1)):
                    status = "no permutation"
        return " ".join([status, *files])


class Way:
    """`stop`: what is done to a run. `code`, `disk`: what is promised, alone; None: not asked."""

    def __init__(self, stop, code, disk, launched=None, options=(), terminal=False, early=False):
        self.stop, self.code, self.disk, self.options, self.terminal = stop, code, disk, options, terminal
        self.launched = launched or (code, disk)
        self.early = early

    def promise(self, run):
        code, disk = self.launched if run.launched else (self.code, self.disk)
        if run.size.made:
            disk = ("nothing",)
            code = STOPPED if code == INTERNAL else code
        return code, disk


def send(*numbers):
    def stop(run):
        for number in numbers:
            run.process.send_signal(number)
    return stop


def twice(run):
    run.process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    run.process.send_signal(signal.SIGINT)


def kill_all(run):
    run.process.kill()


def slurm_jobs():
    return subprocess.run(["squeue", "--noheader", "--format=%i"], capture_output=True, text=True).stdout.split()


def cancel(run):
    subprocess.run(["scancel", *slurm_jobs()], check=False)


def to_one_rank(run):
    os.kill(run.ranks[-1][0] if run.ranks else run.process.pid, signal.SIGTERM)


def hang_up(run):
    os.close(run.leader)


def after_closing(name):
    def stop(run):
        getattr(run.process, name).close()
        run.process.send_signal(signal.SIGUSR1)
    return stop


KEPT = ("interrupted",)
ANY = ("interrupted", "unfinished")
# mpirun gives its ranks a second or so after SIGINT, SIGTERM and SIGHUP, and has a code of its own; srun kills them.
BY_MPIRUN = (None, ANY)
WAYS = {
    "--time-limit": Way(None, STOPPED, ("time_limit",)),
    "SIGINT": Way(send(signal.SIGINT), STOPPED, KEPT, BY_MPIRUN),
    "SIGINT twice": Way(twice, -signal.SIGINT, ("unfinished", "interrupted"), BY_MPIRUN),
    "SIGTERM": Way(send(signal.SIGTERM), STOPPED, KEPT, BY_MPIRUN),
    "scancel": Way(cancel, STOPPED, KEPT, (None, KEPT)),
    "SIGUSR1": Way(send(signal.SIGUSR1), STOPPED, KEPT),
    "SIGHUP": Way(send(signal.SIGHUP), STOPPED, KEPT, BY_MPIRUN),
    "terminal closed": Way(hang_up, INTERNAL, KEPT, BY_MPIRUN, terminal=True),
    "SIGTERM to a rank": Way(to_one_rank, STOPPED, KEPT),
    "SIGKILL": Way(kill_all, -signal.SIGKILL, ("unfinished",), (None, ANY)),
    "stdout closed": Way(after_closing("stdout"), INTERNAL, KEPT, (None, KEPT)),
    # Open MPI's mpirun may crash without one.
    "stderr closed": Way(after_closing("stderr"), STOPPED, KEPT, (None, KEPT)),
    "SIGTERM at the start": Way(send(signal.SIGTERM), STOPPED, ("nothing",), (None, ("nothing",)), early=True),
}


def measure(program, name, way_name, launcher, after, start, problems, ordered=False):
    """One stop: a line of the table, and whether all is as promised."""
    size, way = SIZES[name], WAYS[way_name]
    if (way.stop is None and size.made) or (way.stop is cancel and launcher != "srun"):
        return None
    if launcher == "srun" and way_name == "SIGINT":
        return None  # srun tells how the tasks are, and waits for a second one
    options = ("--start", start, *(() if way.stop else ("--time-limit", f"{after}s")))
    run = Run(program, size, name, problems, launcher, options, way.terminal)
    try:
        run.wait(0.1 if way.early else after, ordered and not way.early and way.stop)
        since = run.started + after if way.stop is None else time.monotonic()
        if way.stop:
            way.stop(run)
        seconds, launcher_seconds = run.end(since)
    finally:
        if run.process.poll() is None:
            run.process.kill()
    code, disk = way.promise(run)
    on_disk = run.on_disk()
    if b"; nothing was written" in run.said and run.process.returncode == STOPPED:
        disk = ("nothing",)  # there was no order yet
    kept = (code is None or run.process.returncode == code) and (on_disk.split(" ")[0] in disk or way.early)
    right = kept and seconds <= size.limit
    line = [name, launcher, way_name, "0.1" if way.early else f"{after:g}", f"{seconds:.2f}",
            f"{launcher_seconds:.2f}" if run.launched else "", f"{run.heard:.2f}" if run.heard else "", str(run.process.returncode), on_disk, "yes" if right else "NO"]
    if not right:
        sys.stderr.write(run.said.decode(errors="replace")[-2000:])
    run.scratch.cleanup()
    return line, right


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--sizes", default="puzzle,256 blocks,1024 blocks,generate 1024")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--launchers", default="alone,mpirun", help="alone, mpirun, srun; the last as root only")
    parser.add_argument("--after", default="")
    parser.add_argument("--start", default="random")
    parser.add_argument("--ordered", action="store_true", help="a solve is not stopped before there is an order on disk")
    parser.add_argument("--folder", type=pathlib.Path)
    arguments = parser.parse_args()
    if "srun" not in arguments.launchers:
        return print_table(arguments)
    if cluster.INSIDE not in os.environ:
        return cluster.why_not() or cluster.run_inside([sys.executable, *sys.argv])
    with cluster.Cluster(1) as slurm:
        os.environ.update(slurm.environment, **IN_SLURM)
        return print_table(arguments)


def print_table(arguments):
    problems = arguments.folder or pathlib.Path(tempfile.mkdtemp(prefix="kintsugi-stops-"))
    problems.mkdir(exist_ok=True)
    names = arguments.sizes.split(",")
    for name in names:
        if not SIZES[name].made and not (problems / f"{name}.h5").exists():
            subprocess.run([str(word) for word in SIZES[name].generate(arguments.program, problems, name)] + ["-q"],
                           check=True)
    print("| size | started by | stopped by | after s | seconds | launcher | heard | code | on disk | as promised |\n" + "|---" * 10 + "|")
    wrong = 0
    for name in names:
        for launcher in arguments.launchers.split(","):
            for way in arguments.ways.split(","):
                for after in [float(word) for word in arguments.after.split(",") if word] or SIZES[name].after:
                    measured = measure(arguments.program, name, way, launcher, after, arguments.start, problems,
                                       arguments.ordered and not SIZES[name].made)
                    if measured:
                        print("| " + " | ".join(measured[0]) + " |", flush=True)
                        wrong += not measured[1]
    if not arguments.folder:
        shutil.rmtree(problems)
    print(f"{wrong} not as promised")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
