"""tenon.multiprocessing: processes that train one shared model, and what of their failures arrives."""

import multiprocessing
import os
import pickle
import signal
import time

import pytest
import tenon
from tenon import multiprocessing as mp

pytestmark = pytest.mark.threads_after_fork


def write_row(index, shared):
    shared[index] += index + 1


def train(index, model, queue):
    """Hogwild: each process steps the parameters that all share."""
    optimizer = tenon.optim.SGD(model.parameters(), lr=0.1)
    x = tenon.full((4, 3), float(index + 1))
    for _ in range(3):
        optimizer.zero_grad()
        model(x).sum().backward()
        optimizer.step()
    queue.put(index)


def fail_second(index, seconds):
    if index == 1:
        raise KeyError("no such column")
    time.sleep(seconds)


def fail_at_length(index):
    raise ValueError("x" * 1_000_000 + "end")


def leave(index, how):
    if index == 0:
        time.sleep(60)
    if how == "exit":
        raise SystemExit(7)
    os.kill(os.getpid(), signal.SIGKILL)


def ignore_terminate(index):
    if index == 1:
        raise ValueError("this one")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_processes_write_what_is_shared(method):
    shared = tenon.zeros(3, 2).share_memory_()
    assert mp.start_processes(write_row, (shared,), nprocs=3, start_method=method) is None
    assert shared.tolist() == [[1, 1], [2, 2], [3, 3]]


def test_what_is_not_shared_is_a_copy():
    own = tenon.zeros(2)
    mp.start_processes(write_row, (own,), nprocs=2, start_method="fork")
    assert own.tolist() == [0, 0]


def test_processes_train_one_model():
    tenon.manual_seed(0)
    model = tenon.nn.Linear(3, 1).share_memory()
    before = model.weight.detach().clone()
    queue = mp.get_context("spawn").SimpleQueue()
    mp.spawn(train, (model, queue), nprocs=2)
    assert sorted([queue.get(), queue.get()]) == [0, 1]
    # The gradient of the sum does not depend on the weights: 3 steps of 0.1 * 4 * (index + 1), in any order,
    # unless two processes write at once, and then a step is lost, not added.
    moved = (before - model.weight.detach()).flatten()
    assert (moved > 1.1).all() and (moved < 3.7).all(), moved


def test_the_first_failure_arrives_and_ends_the_others():
    began = time.monotonic()
    with pytest.raises(mp.ProcessRaisedException, match="Process 1 terminated with the following error") as e:
        mp.start_processes(fail_second, (60,), nprocs=3, start_method="fork")
    assert time.monotonic() - began < 40
    assert "KeyError: 'no such column'" in str(e.value) and "fail_second" in str(e.value)
    assert e.value.error_index == 1 and e.value.pid > 0
    assert not multiprocessing.active_children()
    again = pickle.loads(pickle.dumps(e.value))
    assert type(again) is mp.ProcessRaisedException
    assert (again.error_index, again.pid, str(again)) == (1, e.value.pid, str(e.value))


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_a_long_message_arrives_whole(method):
    """A pipe holds 64 KiB: a process that waited for its reader would never end."""
    with pytest.raises(mp.ProcessRaisedException, match=r"x{1000000}end"):
        mp.start_processes(fail_at_length, nprocs=2, start_method=method)


@pytest.mark.parametrize(
    ("how", "text", "code", "name"),
    [("exit", "exit code 7", 7, None), ("kill", "signal SIGKILL", -9, "SIGKILL")],
)
def test_ends_by_themselves_are_told(how, text, code, name):
    with pytest.raises(mp.ProcessExitedException, match=f"process 1 terminated with {text}") as e:
        mp.start_processes(leave, (how,), nprocs=2, start_method="fork")
    assert (e.value.exit_code, e.value.signal_name, e.value.error_index) == (code, name, 1)
    assert pickle.loads(pickle.dumps(e.value)).exit_code == code
    assert not multiprocessing.active_children()


def test_who_ignores_the_end_is_killed():
    started = mp.start_processes(ignore_terminate, nprocs=2, join=False, start_method="fork")
    assert len(started.pids()) == 2 and all(pid > 0 for pid in started.pids())
    with pytest.raises(mp.ProcessRaisedException, match="this one"):
        while not started.join(grace_period=0.5):
            pass
    assert [p.exitcode for p in started.processes] in ([-signal.SIGKILL, 1], [-signal.SIGTERM, 1])
    assert started.join()


def test_join_waits_no_longer_than_asked():
    started = mp.start_processes(fail_second, (1.0,), nprocs=1, join=False, start_method="fork")
    assert started.join(timeout=0.01) is False
    assert started.join() is True


def test_bad_arguments():
    for nprocs in (0, 10**9):
        with pytest.raises(ValueError, match=f"nprocs must be from 1 to 4096; got {nprocs}"):
            mp.spawn(print, nprocs=nprocs)
    with pytest.raises(TypeError, match="fn must be a function; got int"):
        mp.spawn(3)
    with pytest.raises(ValueError, match="cannot find context for 'thread'"):
        mp.start_processes(print, start_method="thread")
    with pytest.raises(ValueError, match="'file_descriptor' or 'file_system'; got 'carrier'"):
        mp.set_sharing_strategy("carrier")
    assert mp.get_sharing_strategy() == "file_descriptor"


def test_has_the_standard_library_and_pytorchs_names():
    for name in multiprocessing.__all__:
        assert getattr(mp, name) is getattr(multiprocessing, name), name
    torch = pytest.importorskip("torch.multiprocessing")
    internal = {"init_reductions", "reductions", "multiprocessing", "sys", "torch", "SpawnContext"}
    names = {name for name in dir(torch) if not name.startswith("_")} - internal - {"ENV_VAR_PARALLEL_START"}
    assert not [name for name in sorted(names) if not hasattr(mp, name)]
