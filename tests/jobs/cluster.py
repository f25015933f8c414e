"""A real Slurm cluster for tests: controller and nodes on this machine, none of which outlives the test.

Everything happens in namespaces of its own (mounts, network, processes, host name), which the kernel takes down with the
process that asked for them, however it ends: no daemon, interface, mount, file or line of /etc/hosts remains.
"""

import ctypes
import os
import pathlib
import re
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOOLS = ("slurmctld", "slurmd", "sbatch", "scontrol", "squeue", "munged", "ip", "nsenter", "unshare", "setpriv", "mount")
NAMESPACES = ("--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc")
INSIDE = "SLURM_TEST_FOLDER"  # tells the inner process that it is one, and where its files go
SUBNET = "10.77.0"
CPUS = 2
PR_SET_PDEATHSIG = 1
END_STATES = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE"}

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={control}
MailProg=/bin/true
SlurmUser=root
SlurmdUser=root
# A requeued job waits for as long as a credential lives.
AuthInfo=socket={folder}/munge/socket,cred_expire=5
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdSpoolDir={folder}/spool.%n
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmdLogFile={folder}/slurmd.%n.log
ReturnToService=2
KillWait=5
MinJobAge=3600
SchedulerParameters=batch_sched_delay=1,sched_interval=2
{nodes}
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def why_not():
    """Why no cluster can be brought up here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    missing = [tool for tool in TOOLS if shutil.which(tool, path=path) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (jobs/install-dependencies.sh --tests)"
    tried = subprocess.run(["unshare", *NAMESPACES, "true"], capture_output=True, text=True)
    return None if tried.returncode == 0 else f"no namespaces here: {tried.stderr.strip()}"


def die_with_parent():
    """To be called in a new process: it is killed as soon as the one that started it is gone, were it by SIGKILL."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run_inside(arguments):
    """Runs `arguments` in new namespaces and a fresh folder; returns the exit code."""
    # /var/tmp: the nodes get a /tmp of their own.
    folder = tempfile.mkdtemp(prefix="kintsugi-slurm-", dir="/var/tmp")
    # The shell is the namespace's first process, which must take in orphans.
    shell = ["bash", "-c", 'mount -t tmpfs -o mode=755 tmpfs "$0" && mount -t tmpfs tmpfs /dev/shm && "$@"; exit $?']
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("KINTSUGI_", "SLURM"))}
    environment["PATH"] = os.pathsep.join([environment.get("PATH", "/usr/bin:/bin"), "/usr/sbin", "/sbin"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    inner = None
    try:
        inner = subprocess.Popen(["unshare", *NAMESPACES, *shell, folder, *arguments], env={**environment, INSIDE: folder},
                                 stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        while True:
            try:
                return inner.wait()
            except KeyboardInterrupt:  # the terminal told the inner process as well
                continue
    finally:
        if inner is not None:
            inner.kill()
            inner.wait()
        os.rmdir(folder)


class Cluster:
    """Slurm with `nodes` nodes of two CPUs: one is the controller's host; several have network devices on a bridge, host
    names and folders /tmp of their own. To be used inside run_inside()."""

    def __init__(self, nodes):
        self.folder = pathlib.Path(os.environ[INSIDE])
        self.nodes = [f"node{i + 1}" for i in range(nodes)]
        self.lone = nodes == 1
        self.control = self.nodes[0] if self.lone else "control"
        self.daemons = []
        self.environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def __enter__(self):
        try:
            self.name_hosts()
            self.configure()
            self.start_munge()
            self.start("slurmctld", ["slurmctld", "-D"])
            for number, node in enumerate(self.nodes):
                self.start_node(number, node)
            self.wait_for("the nodes to be idle", 60, self.all_idle)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.print_logs()
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in self.daemons:
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()

    def address(self, number):
        return f"{SUBNET}.{1 if self.lone else 11 + number}"

    def name_hosts(self):
        lines = ["127.0.0.1 localhost", f"{SUBNET}.1 control"]
        lines += [f"{self.address(number)} {node}" for number, node in enumerate(self.nodes)]
        hosts = self.folder / "hosts"
        hosts.write_text("\n".join(lines) + "\n")
        call("mount", "--bind", hosts, "/etc/hosts")
        call("hostname", self.control)
        call("ip", "link", "set", "lo", "up")
        # One node alone has it too: Slurm finds no address where there is only a loopback device.
        call("ip", "link", "add", "bridge", "type", "bridge")
        call("ip", "address", "add", f"{SUBNET}.1/24", "dev", "bridge")
        call("ip", "link", "set", "bridge", "up")

    def configure(self):
        nodes = "\n".join(f"NodeName={node} NodeHostname={node} NodeAddr={self.address(number)} CPUs={CPUS} State=UNKNOWN"
                          for number, node in enumerate(self.nodes))
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(control=self.control, folder=self.folder, nodes=nodes))
        for name in ("state", *(f"spool.{node}" for node in self.nodes)):
            (self.folder / name).mkdir()

    def start_munge(self):
        """munged insists on its own user, and on files that nobody else can write."""
        user = pwd.getpwnam("munge")
        folder = self.folder / "munge"
        folder.mkdir()
        (folder / "key").write_bytes(secrets.token_bytes(128))
        (folder / "key").chmod(0o600)
        for path in (folder, folder / "key"):
            os.chown(path, user.pw_uid, user.pw_gid)
        self.start("munged", ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "munged",
                              "--foreground", f"--socket={folder}/socket", f"--key-file={folder}/key",
                              f"--log-file={folder}/munged.log", f"--pid-file={folder}/pid",
                              f"--seed-file={folder}/seed"])
        self.wait_for("munged", 20, (folder / "socket").exists)

    def start_node(self, number, node):
        if self.lone:
            self.start(f"slurmd.{node}", ["slurmd", "-D", "-N", node])
            return
        # Waits for its network device, which is given to it from outside.
        script = ('hostname "$0" && mount -t tmpfs tmpfs /tmp && ip link set lo up && '
                  'until ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done && '
                  'ip address add "$1/24" dev eth0 && ip link set eth0 up && exec slurmd -D -N "$0"')
        daemon = self.start(f"slurmd.{node}", ["unshare", "--net", "--uts", "--mount", "bash", "-c", script, node,
                                                  self.address(number)])
        here = os.readlink("/proc/self/ns/net")
        self.wait_for(f"the namespace of {node}", 10, lambda: os.readlink(f"/proc/{daemon.pid}/ns/net") != here)
        call("ip", "link", "add", f"to-{node}", "type", "veth", "peer", "name", "eth0", "netns", str(daemon.pid))
        call("ip", "link", "set", f"to-{node}", "master", "bridge", "up")

    def start(self, name, command):
        with open(self.folder / f"{name}.out", "w") as output:
            daemon = subprocess.Popen(command, env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL,
                                      stdout=output, stderr=subprocess.STDOUT)
        self.daemons.append(daemon)
        return daemon

    def wait_for(self, what, seconds, ready):
        end = time.monotonic() + seconds
        while not ready():
            for daemon in self.daemons:
                if daemon.poll() is not None:
                    raise RuntimeError(f"{daemon.args[0]} ended with {daemon.returncode} while waiting for {what}")
            if time.monotonic() > end:
                raise RuntimeError(f"waited {seconds} s in vain for {what}")
            time.sleep(0.2)

    def command(self, *arguments, **options):
        """Runs one of Slurm's commands; returns what it printed."""
        result = subprocess.run([str(argument) for argument in arguments], env=self.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, **options)
        if result.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, arguments))}: exit code {result.returncode}: {result.stdout}")
        return result.stdout

    def all_idle(self):
        try:
            states = self.command("sinfo", "--noheader", "--Node", "--format=%T").split()
        except RuntimeError:  # the controller is not up yet
            return False
        return states == ["idle"] * len(self.nodes)

    def submit(self, script, *arguments, folder, options=(), variables=None):
        """Submits a job file from `folder`; returns the job's number."""
        environment = {**self.environment, **(variables or {})}
        command = ["sbatch", "--parsable", *options, script, *arguments]
        result = subprocess.run([str(word) for word in command], env=environment, cwd=folder, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        if result.returncode != 0:
            raise RuntimeError(f"{command}: {result.stdout}")
        return int(result.stdout.split(";")[0])

    def facts(self, job):
        """What Slurm knows of a job and, if it is an array, of its tasks: one dictionary each."""
        text = self.command("scontrol", "--oneliner", "show", "job", job)
        parts = re.split(r"^(?=JobId=)", text, flags=re.MULTILINE)  # arguments of a job may hold line ends
        return [dict(word.split("=", 1) for word in part.split() if "=" in word) for part in parts if part.strip()]

    def wait(self, job, seconds=180):
        """Waits for a job, or all tasks of an array, to end; returns their facts."""
        facts = []

        def ended():
            nonlocal facts
            facts = self.facts(job)
            return all(each["JobState"] in END_STATES for each in facts)
        self.wait_for(f"job {job} to end", seconds, ended)
        return facts

    def print_logs(self):
        """The ends of all logs, for those who look into a failure."""
        for path in sorted([*self.folder.glob("*.log"), *self.folder.glob("*.out"), *self.folder.glob("work*/**/*.log")]):
            lines = path.read_text(errors="replace").splitlines()[-40:]
            print(f"---- {path.relative_to(self.folder)}", *lines, sep="\n", file=sys.stderr)


def call(*command):
    result = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {result.stdout.strip()}")
