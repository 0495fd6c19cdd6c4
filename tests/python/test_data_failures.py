"""What goes wrong in workers of a DataLoader: it is told whole, at once, and leaves nothing behind."""

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from multiprocessing import forkserver, resource_tracker
from pathlib import Path

import numpy as np
import pytest
import tenon
from support import PACKAGE
from tenon.utils import data
from test_data_workers import METHODS, Rows, Slow, loader

pytestmark = pytest.mark.threads_after_fork


def children():
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def descriptors():
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture(autouse=True)
def nothing_is_left():
    """No process, no zombie, no descriptor and no mapping of a batch's."""
    multiprocessing.active_children()
    resource_tracker.ensure_running()  # servers that Python starts once and keeps
    forkserver.ensure_running()
    before = children(), descriptors()
    yield
    gc.collect()  # what pytest.raises holds leads to the test's own variables
    deadline = time.monotonic() + 5
    while (now := (children(), descriptors())) != before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert now == before


class Failing(data.Dataset):
    """Does at sample 9 what it was told to do."""

    def __init__(self, act):
        self.act = act

    def __len__(self):
        return 20

    def __getitem__(self, index):
        if index == 9:
            self.act()
        return index


class Private(Exception):
    """It cannot be pickled."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def raises_key_error():
    raise KeyError("nine")


def raises_private():
    raise Private("a", "b")


def raises_index_error():
    return [][3]


# ---- exceptions ----


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_exceptions_arrive_whole(method):
    batches = iter(loader(Failing(raises_key_error), 4, multiprocessing_context=method))
    assert [next(batches).tolist(), next(batches).tolist()] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    with pytest.raises(KeyError) as e:
        next(batches)
    assert e.value.args == ("nine",)
    assert any("sample 9 was read" in note for note in e.value.__notes__)
    assert any("in worker 0" in note for note in e.value.__notes__)
    text = str(e.value.__cause__)
    assert "raises_key_error" in text and "test_data_failures.py" in text and "KeyError: 'nine'" in text
    assert next(batches).tolist() == [12, 13, 14, 15]  # the others can be read


def test_exceptions_that_cannot_be_pickled_arrive_too():
    with pytest.raises(RuntimeError, match="Private: a and b") as e:
        list(loader(Failing(raises_private), 4))
    assert "raises_private" in str(e.value.__cause__)


def test_an_index_error_of_a_worker_does_not_end_the_loop():
    with pytest.raises(IndexError, match="list index out of range"):
        list(loader(Failing(raises_index_error), 4))


def fails(*args):
    raise ValueError("at the start")


class Unloadable(Rows):
    def __reduce__(self):
        return fails, ()


class Unsendable(Rows):
    def __getitem__(self, index):
        return lambda: index


@pytest.mark.parametrize(
    "make, error, match",
    [
        (lambda: loader(Rows(), worker_init_fn=fails), ValueError, "at the start"),
        (lambda: loader(Rows(), collate_fn=fails), ValueError, "at the start"),
        (lambda: loader(Failing(fails), batch_sampler=[[9]]), ValueError, "at the start"),
        (lambda: loader(Unloadable(), multiprocessing_context="spawn"), ValueError, "at the start"),
        (lambda: loader(Unsendable(), collate_fn=list), Exception, "(?i)pickle"),
    ],
)
def test_failures_everywhere_are_told(make, error, match):
    with pytest.raises(error, match=match) as e:
        list(make())
    assert any("in worker" in note for note in e.value.__notes__)


def test_what_spawned_workers_cannot_have_is_told():
    with pytest.raises(Exception, match=r"(?i)pickle") as e:
        list(loader(Rows(), collate_fn=lambda x: x, multiprocessing_context="spawn"))
    assert any("'spawn' get a pickle" in note for note in e.value.__notes__)


# ---- deaths ----


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def exits():
    os._exit(3)


def leaves():
    sys.exit(4)


@pytest.mark.parametrize(
    "act, match",
    [
        (killed, r"worker [01] \(process \d+\) was killed by SIGKILL .*memory"),
        (exits, "exited with status 3"),
        (leaves, "exited with status 4"),
    ],
)
@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_a_dead_worker_is_an_error_at_once(act, match, method, capfd):
    batches = iter(loader(Failing(act), 4, multiprocessing_context=method))
    next(batches)
    begun = time.monotonic()
    with pytest.raises(RuntimeError, match=match):
        list(batches)
    assert time.monotonic() - begun < (1 if method == "fork" else 3)
    assert list(batches) == []


def test_a_worker_killed_from_outside():
    batches = iter(loader(Hangs(), 1, num_workers=1))
    pid = next(batches).item()
    os.kill(pid, signal.SIGKILL)
    begun = time.monotonic()
    with pytest.raises(RuntimeError, match="was killed by SIGKILL"):
        list(batches)
    assert time.monotonic() - begun < 1


class Hangs(data.Dataset):
    """Its first sample is the worker's process, the others take for ever."""

    def __len__(self):
        return 8

    def __getitem__(self, index):
        if index:
            time.sleep(1000)
        return os.getpid()


class Grandchild(Hangs):
    """A process that the worker has started holds its pipes open."""

    def __getitem__(self, index):
        if index == 0 and os.fork() == 0:
            time.sleep(8)
            os._exit(0)
        return super().__getitem__(index)


def test_a_dead_worker_is_noticed_while_its_own_child_lives():
    batches = iter(loader(Grandchild(), 1, num_workers=1))
    pid = next(batches).item()
    os.kill(pid, signal.SIGKILL)
    begun = time.monotonic()
    with pytest.raises(RuntimeError, match="was killed by SIGKILL"):
        list(batches)
    assert time.monotonic() - begun < 1.5


def test_timeouts():
    batches = iter(loader(Hangs(), 1, num_workers=1, timeout=0.3))
    next(batches)
    begun = time.monotonic()
    with pytest.raises(
        RuntimeError, match=r"no batch has come within timeout=0.3 .*worker 0 reads samples 1"
    ):
        next(batches)
    assert time.monotonic() - begun < 2


# ---- ends ----


def test_loops_that_break_off_leave_nothing():
    for _ in range(3):
        for batch in loader(Rows(), 2):
            assert len(batch) == 2
            break
    for source in (loader(Slow(), 1), loader(Rows(), 1, persistent_workers=True)):
        next(iter(source))
        list(source)
    begun = time.monotonic()
    next(iter(loader(Hangs(), 1)))  # its workers are told to end, and then made to
    assert time.monotonic() - begun < 3


def test_descriptors_do_not_add_up():
    source = loader(data.TensorDataset(np.zeros((40, 300_000), np.float32)), 1, persistent_workers=True)
    list(source)
    before = descriptors()
    kept = list(source)
    assert descriptors() == before and len(kept) == 40  # a batch of 1.2 MB holds none


PROGRAM = """
import os, sys, time
from tenon.utils import data
class Slow(data.Dataset):
    def __len__(self): return 100
    def __getitem__(self, index):
        if index > 3: time.sleep(1000)
        return os.getpid()
if __name__ == "__main__":
    source = data.DataLoader(Slow(), 1, num_workers=2, multiprocessing_context="METHOD")
    for i, pid in enumerate(source):
        print(pid.item(), flush=True)
        if i == 3:
            print("ready", flush=True)
            WAIT
"""


def start(tmp_path, method, wait="pass"):
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM).replace("METHOD", method).replace("WAIT", wait))
    process = subprocess.Popen(
        [sys.executable, program],
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    workers = []
    while (line := process.stdout.readline()) != "ready\n":
        assert line, process.stderr.read()
        workers.append(int(line))
    return process, set(workers)


def end(process, workers, within):
    """The program's errors, once it and its workers are gone."""
    deadline = time.monotonic() + within
    _, errors = process.communicate(timeout=within)
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline, "a worker is left"
        time.sleep(0.02)
    return errors


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("wait", ["pass", "time.sleep(1000)"], ids=["in the loader", "in the loop"])
def test_ctrl_c_ends_at_once(tmp_path, method, wait):
    process, workers = start(tmp_path, method, wait)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    errors = end(process, workers, 3)
    assert process.returncode == -signal.SIGINT and len(workers) == 2
    assert errors.count("Traceback") == 1 and "KeyboardInterrupt" in errors  # workers say nothing


IDLE = """
import os, signal, time
from tenon.utils import data
class Pids(data.Dataset):
    def __len__(self): return 4
    def __getitem__(self, index): return os.getpid()
source = data.DataLoader(Pids(), 1, num_workers=2, persistent_workers=True)
print(*{p.item() for p in source}, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_idle_workers_end_with_a_parent_that_was_killed():
    process = subprocess.run(
        [sys.executable, "-c", IDLE],
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    deadline = time.monotonic() + 5
    pids = process.stdout.split()
    assert len(pids) == 2
    while any(Path(f"/proc/{pid}/exe").exists() for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_interpreter_ends_while_workers_read(tmp_path):
    process, workers = start(tmp_path, "fork", "break")
    assert end(process, workers, 5) == "" and process.returncode == 0


def test_batches_are_the_parents_own():
    """What a worker of one loader dies of does not reach the batches of another."""
    kept = list(loader(Rows(), 4))
    with pytest.raises(RuntimeError):
        list(loader(Failing(killed), 4))
    assert kept[0][0].tolist() == tenon.tensor(kept[0][0].tolist()).tolist() and len(kept) == 6
