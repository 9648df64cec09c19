"""P8: the memory of a worker process, and of all that a login starts."""

import threading
from contextlib import suppress

import psutil

from tests.bench.figure import Figure, spread
from tests.bench.rig import L0, Rig, Service
from tests.kit.processes import below

SAMPLE_EVERY_S = 0.02
PEAK = "most that one worker process ever had resident (VmHWM), interpreter included"
TREE = (
    "sum of PSS (shared pages shared out) of the worker process and all below it, sampled every "
    f"{SAMPLE_EVERY_S * 1000:.0f} ms"
)


def measure_memory(rig: Rig, repetitions: int) -> list[Figure]:
    warm, large, tree = [], [], []
    with rig.service(L0, 60) as small, rig.service(L0, 10_000) as big:
        for _ in range(repetitions):
            warm.append(peak_of_warm_run(small))
            large.append(peak_of_large_runs(big))
            tree.append(peak_of_login(small))
    return [
        _figure("P8", "peak memory of a warm run, 60 rows", warm, 110, PEAK),
        _figure("P8.rows", "peak memory, 10,000 rows written, then unchanged", large, 220, PEAK),
        _figure("P8.tree", "peak memory of the whole process tree with a login", tree, 650, TREE),
    ]


def _figure(id_: str, what: str, values: list[float], goal: float, against: str) -> Figure:
    return Figure(
        id=id_,
        what=what,
        measured=spread(values),
        goal=goal,
        unit="MB",
        against=against,
        repetitions=len(values),
    )


def peak_of_warm_run(service: Service) -> float:
    said = service.run_in_new_process()
    assert not said["playwright"], "a warm run imported Playwright"
    return float(said["peak_mb"])


def peak_of_large_runs(service: Service) -> float:
    service.forget_rows()
    return float(service.run_in_new_process(runs=2)["peak_mb"])


def peak_of_login(service: Service) -> float:
    service.forget_rows()
    service.forget_session()
    with service.started_process() as process:
        watch = TreeWatch(process.pid)
        watch.start()
        process.communicate()
        watch.stop()
    if process.returncode:
        raise RuntimeError("the run with a login did not succeed")
    return watch.peak_mb


class TreeWatch(threading.Thread):
    """Samples what a process and all its descendants have in memory together."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak_mb = 0.0
        self._pid = pid
        self._done = threading.Event()

    def run(self) -> None:
        while not self._done.wait(SAMPLE_EVERY_S):
            self.peak_mb = max(self.peak_mb, sum(pss_mb(pid) for pid in below(self._pid)))

    def stop(self) -> None:
        self._done.set()
        self.join()


def pss_mb(pid: int) -> float:
    with suppress(psutil.Error):  # it has just ended
        return float(psutil.Process(pid).memory_full_info().pss) / 1024 / 1024
    return 0.0
