"""Semantics on a device, on the simulated one: the host cannot read its memory, its work runs later.

The walk of the operations is test_table.py's, which has the device as a parameter.
"""

import pytest
from support import run_python, sim_environment

pytestmark = pytest.mark.border


def on_device(program: str) -> str:
    return run_python(program, **sim_environment())


def test_gradients_stay_on_the_device() -> None:
    on_device(
        """
        import numpy as np
        import tenon
        x = np.random.default_rng(0).normal(size=(6, 4))
        grads = []
        for device in ('cpu', 'cuda'):
            w = tenon.tensor(np.ones((4, 3)), device=device, requires_grad=True)
            t = tenon.tensor(x, device=device)
            loss = (tenon.log_softmax(tenon.tanh(t @ w), 1) ** 2).mean()
            loss.backward()
            assert w.grad.device == w.device
            grads.append(w.grad.cpu().numpy())
        np.testing.assert_allclose(grads[0], grads[1], rtol=1e-12)
        """
    )


def test_nothing_moves_silently() -> None:
    on_device(
        """
        import numpy as np
        import tenon
        host, device = tenon.ones(3), tenon.ones(3).cuda()
        for mixed in (lambda: host + device, lambda: device @ host, lambda: tenon.cat([host, device]),
                      lambda: tenon.add(host, 1, out=device)):
            try:
                mixed()
            except (RuntimeError, ValueError) as error:
                assert 'cpu' in str(error) and 'cuda' in str(error), error
            else:
                raise AssertionError('computed across devices')
        assert (device * tenon.tensor(2.0)).cpu().tolist() == [2.0] * 3  # but 0-d tensors are numbers
        assert device.to('cuda') is device and host.cpu() is host
        device[1] = 5.0
        assert device.cpu().tolist() == [1.0, 5.0, 1.0]
        host.copy_(device)
        assert host.tolist() == [1.0, 5.0, 1.0]
        mask = device > 2
        assert device[mask].cpu().tolist() == [5.0]
        assert 'cuda' in repr(device)
        assert np.mean(device).is_cuda
        """
    )


def test_views_and_strides_on_a_device() -> None:
    on_device(
        """
        import numpy as np
        import tenon
        array = np.arange(24.0).reshape(4, 6)
        t = tenon.from_numpy(array).cuda()
        for key in (np.s_[::-1], np.s_[:, 2], np.s_[..., 4:0:-2], np.s_[1, None], np.s_[1:1]):
            np.testing.assert_array_equal(t[key].cpu().numpy(), array[key])
        np.testing.assert_array_equal(t.T.reshape(-1).cpu().numpy(), array.T.reshape(-1))
        t[1:3, ::2] *= 10
        array[1:3, ::2] *= 10
        np.testing.assert_array_equal(t.cpu().numpy(), array)
        """
    )


def test_random_numbers_are_the_cpus() -> None:
    """The same seed gives the same numbers on each device, and what is refused is refused there."""
    on_device(
        """
        import re
        import tenon
        def draws(device):
            tenon.manual_seed(7)
            p = tenon.linspace(0, 1, 50, device=device)
            weights = tenon.tensor([[1.0, 2.0, 0.0, 3.0], [0.5, 0.0, 0.0, 4.0]], device=device)
            mean = tenon.zeros(3, 1, device=device, requires_grad=True)
            n = tenon.normal(mean, tenon.tensor([0.5, 1.0], device=device))
            n.sum().backward()
            drawn = [tenon.bernoulli(p), p.bernoulli(), tenon.multinomial(weights, 40, replacement=True),
                     tenon.multinomial(weights, 2), weights[0].multinomial(3), n.detach(), mean.grad,
                     tenon.normal(0.0, 2.0, (4,), device=device),
                     tenon.zeros(9, device=device).bernoulli_(0.5), tenon.rand(5, device=device),
                     tenon.randint(9, (5,), device=device)]
            assert all(x.device == tenon.device(device) for x in drawn)
            return [x.cpu().tolist() for x in drawn]
        here, there = draws('cpu'), draws('cuda')
        for i, (a, b) in enumerate(zip(here, there)):
            assert a == b, (i, a, b)
        def on(*values):
            return tenon.tensor(values, device='cuda')
        for refused, what in (
            (lambda: tenon.bernoulli(on(0.5, 2.0)), 'bernoulli: .*; got 2 at element 1'),
            (lambda: tenon.bernoulli(on(float('nan'))), 'bernoulli: .*; got nan at element 0'),
            (lambda: tenon.normal(on(0.0, 0.0), on(1.0, -1.0)), 'normal: .*; got -1 at element 1'),
            (lambda: tenon.multinomial(on(1.0, -2.0), 1), 'multinomial: .*; got -2 at element 1'),
            (lambda: tenon.multinomial(on(0.0, 0.0), 1), 'multinomial: the weights of row 0 add up to zero'),
        ):
            try:
                refused()
            except ValueError as error:
                assert re.match(what, str(error)), error
            else:
                raise AssertionError(what)
        """
    )


def test_shared_storages_are_pickled_from_a_device() -> None:
    on_device(
        """
        import copy, pickle
        import tenon
        t = tenon.arange(6.0).cuda().reshape(2, 3)
        for trip in (copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))):
            a, b = trip([t, t[1]])
            assert a.is_cuda and b.is_cuda and b.cpu().tolist() == [3, 4, 5]
            a.fill_(7)
            assert b.cpu().tolist() == [7, 7, 7] and t.cpu()[1, 0].item() == 3
        assert t.is_shared() and t.share_memory_() is t
        """
    )


def test_a_library_that_is_no_backend_is_refused(tmp_path) -> None:
    with pytest.raises(AssertionError, match="cuda"):
        run_python("import tenon; tenon.ones(1).cuda()", TENON_CUDA_LIB=str(tmp_path / "nothing.so"))


def test_lists_and_numbers_follow_the_tensor() -> None:
    on_device(
        """
        import numpy as np, tenon
        t = tenon.arange(3.0).cuda()
        m = tenon.arange(6.0).reshape(2, 3).cuda()
        for got, expected in (
            (t[[0, 1]], [0, 1]), (t[[True, False, True]], [0, 2]), (t[[]], []), (t[True], [[0, 1, 2]]),
            (m[[0], [1, 2]], [1, 2]), (m[:, [0, 2]], [[0, 2], [3, 5]]), (t[range(2)], [0, 1]),
        ):
            assert got.is_cuda and got.tolist() == expected
        t[[0, 1]] = 5.0
        t[[False, False, True]] = [7.0]
        assert t.tolist() == [5, 5, 7]
        t[0:2] = [1.0, 2.0]
        t.index_put_(([2],), 3.0)
        assert t.tolist() == [1, 2, 3]
        """
    )


def test_like_follows_the_device() -> None:
    on_device(
        """
        import numpy as np, tenon
        t = tenon.ones(2).cuda()
        made = [
            np.zeros(2, like=t), np.ones(2, like=t), np.empty(2, like=t), np.full(2, 3.0, like=t),
            np.eye(2, like=t), np.identity(2, like=t), np.arange(3, like=t), np.arange(0, like=t),
            np.array([1, 2], like=t),
            np.asarray([1.0], like=t), np.asanyarray([1], like=t), np.ascontiguousarray([1], like=t),
            np.frombuffer(bytes(16), like=t), np.full((2, 2), [1, 2], like=t),
        ]
        assert all(isinstance(x, tenon.Tensor) and x.is_cuda for x in made)
        assert made[8].tolist() == [1, 2] and made[13].tolist() == [[1, 2], [1, 2]]
        assert not np.zeros(2, like=tenon.ones(1)).is_cuda
        """
    )


def test_numbers_travel_with_the_call() -> None:
    """Neither a number nor a layer's probability makes the host wait for its device."""
    on_device(
        """
        import ctypes, os
        import tenon
        from tenon.nn import functional as F
        x = tenon.arange(12.0).reshape(3, 4).cuda()
        mask, rows = x > 3, tenon.tensor([1, 2]).cuda()
        w = tenon.ones(3, 4, device='cuda', requires_grad=True)
        steps = tenon.optim.AdamW([w], lr=0.1)
        def train():
            steps.zero_grad()
            F.cross_entropy(F.dropout(w * x, 0.5), tenon.zeros(3, dtype='int64', device='cuda')).backward()
            steps.step()
        calls = [
            lambda: x.fill_(2), lambda: x.zero_(), lambda: tenon.full((3,), 2.0, device='cuda'),
            lambda: tenon.zeros(3, device='cuda'), lambda: tenon.eye(3, device='cuda'),
            lambda: tenon.linspace(0, 1, 5, device='cuda'), lambda: tenon.tensor(3.0) + x,
            lambda: tenon.full_like(x, 3), lambda: x.clamp(0, 1), lambda: tenon.where(mask, x, 0.0),
            lambda: x.__setitem__(0, 5.0), lambda: x.__setitem__(mask, 5.0), lambda: x.__setitem__(rows, 5.0),
            lambda: x[rows, 0], lambda: x.masked_fill(mask, 1.0), lambda: x.index_fill(0, rows, 2.0),
            lambda: x.std(), lambda: x ** 2, lambda: x // 2, lambda: tenon.nan_to_num(x),
            lambda: x.bernoulli_(0.5), lambda: x.bernoulli(0.25), lambda: F.dropout(x, 0.5), train,
        ]
        train()
        tenon.cuda.synchronize()
        sim = ctypes.CDLL(os.environ['TENON_CUDA_LIB'])
        sim.tenon_sim_copies.restype = ctypes.c_int64
        for i, call in enumerate(calls):
            sim.tenon_sim_reset()
            call()
            assert [sim.tenon_sim_copies(kind) for kind in range(3)] == [0, 0, 0], i
        here, there = (tenon.zeros(100, device=d).bernoulli_(0.3, generator=tenon.Generator().manual_seed(3))
                       for d in ('cpu', 'cuda'))
        assert here.tolist() == there.tolist() and 10 < here.sum().item() < 60
        """
    )
