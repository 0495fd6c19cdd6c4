"""device='unified' beside other devices and libraries: what mixes, is lent and adopted, what there is."""

import pytest
from support import host_environment, run_python
from unified import on_device

pytestmark = pytest.mark.border


def test_mixing() -> None:
    """The device computes with both memories; the CPU with neither."""
    on_device(
        """
        u, d, h = tenon.ones(2, 2, device='unified'), tenon.ones(2, 2, device='cuda'), tenon.ones(2, 2)
        assert u.device == 'unified' == u.device.type and u.device.index == 0 and str(u.device) == 'unified:0'
        assert u.device != d.device and u.is_cuda and not u.is_cpu and u.get_device() == 0
        assert repr(u.device) == "device(type='unified', index=0)"
        assert tenon.device('unified', 1) == 'unified:1'
        assert pickle.loads(pickle.dumps(u.device)) == u.device and len({u.device, d.device}) == 2
        for f in (lambda a, b: a + b, lambda a, b: a @ b, lambda a, b: tenon.cat([a, b]), tenon.maximum):
            assert f(u, u).device == 'unified' and f(u, d).device == f(d, u).device == 'cuda'
            for other in (lambda: f(u, h), lambda: f(h, u)):
                with pytest.raises(RuntimeError, match='unified'):
                    other()
        assert (u + tenon.tensor(2.0)).device == (tenon.tensor(2.0) + u).device == (u * 3).device == 'unified'
        assert u.clone().device == tenon.zeros_like(u).device == u.sum().device == u[0].device == 'unified'
        d += u
        u += d
        assert u.numpy().tolist() == [[3, 3], [3, 3]]
        assert d.copy_(u).tolist() == u.tolist() == h.copy_(u).tolist()
        assert u.to('unified') is u and u.to('cuda').device == 'cuda' == u.cuda().device
        assert d.to('unified').device == u.device
        assert u.cpu().device == 'cpu' and u.cpu().data_ptr() != u.data_ptr()
        assert h.to('unified').device == u.device and h.to('unified').data_ptr() != h.data_ptr()
        assert u.type() == d.type()
        x = tenon.nn.functional.linear(u, d, d[0])
        assert x.device == 'cuda'
        m = tenon.nn.Linear(2, 2).to('unified')
        assert m(u).device == 'unified' and m.weight.detach().numpy().shape == (2, 2)
        one = tenon.ones(2, device='unified:1')
        with pytest.raises(RuntimeError, match='unified:1'):
            one + u[0]
        assert (one.to('unified:0') + u[0]).device == 'unified'
        a = np.zeros((2, 2), np.float32)
        with pytest.raises(TypeError, match='do not mix'):
            np.add(a, u)
        assert np.mean(u).device == 'unified'
        """
    )


def test_pickle_and_copy() -> None:
    on_device(
        """
        t = tenon.arange(10.0, device='unified')
        a = t.numpy()
        for protocol in (2, 5):
            back = pickle.loads(pickle.dumps(t, protocol))
            assert back.device == 'unified' and back.tolist() == a.tolist()
            assert back.data_ptr() != t.data_ptr()
        for copied in (copy.deepcopy(t), t.clone(), copy.copy(t).clone()):
            copied += 1
            assert copied.device == 'unified' and a[0] == 0 and copied.numpy()[0] == 1
        assert str(t) == str(t.cpu()).replace(')', ", device='unified:0')")
        assert t.tolist() == a.tolist() and float(t[3]) == 3 and bytes(t.tobytes()) == a.tobytes()
        """
    )


def test_while_it_is_viewed_it_is_neither_moved_nor_resized() -> None:
    on_device(
        """
        t = tenon.zeros(4, device='unified')
        a = t.numpy()
        with pytest.raises(BufferError, match='1 view of it'):
            t.resize_(100)
        del a
        t.resize_(100)
        a = t.numpy()
        addresses(t, a)
        before = _sim.tenon_sim_live_bytes(0)
        del t
        gc.collect()
        a += 1  # the view keeps the memory
        assert _sim.tenon_sim_live_bytes(0) == before
        del a
        gc.collect()
        assert _sim.tenon_sim_live_bytes(0) == before - 400
        """
    )


def test_dlpack() -> None:
    on_device(
        """
        t = tenon.ones(4, device='unified')
        assert t.__dlpack_device__() == (2, 0)
        again = tenon.from_dlpack(t.__dlpack__())
        assert again.device == 'cuda' and again.data_ptr() == t.data_ptr()
        assert not t._host_view and t._exports == 1
        managed = tenon.from_dlpack(t.__dlpack__(dl_device=(13, 0), max_version=(1, 0)))
        assert managed.device == 'cpu' and managed.data_ptr() == t.data_ptr()  # tenon takes it as the host's
        assert t._host_view
        for kind in ((13, 1), (3, 0)):
            with pytest.raises(BufferError):
                t.__dlpack__(dl_device=kind)
        with pytest.raises(BufferError):
            tenon.ones(4, device='cuda').__dlpack__(dl_device=(13, 0))
        with pytest.raises(BufferError, match='copy=False'):
            tenon.ones(4, device='cuda').__dlpack__(dl_device=(1, 0), copy=False)
        del managed, again
        gc.collect()
        for kwargs in ({}, {'copy': False}, {'copy': None, 'max_version': (1, 2)}):
            t += 1
            cpu = tenon.from_dlpack(t.__dlpack__(dl_device=(1, 0), **kwargs))
            assert cpu.device == 'cpu' and cpu.data_ptr() == t.data_ptr() and t._host_view
            t += 1
            assert cpu.tolist() == t.tolist()
            del cpu
        fresh = tenon.from_dlpack(t.__dlpack__(dl_device=(1, 0), copy=True))
        assert fresh.data_ptr() != t.data_ptr() and not t._host_view
        assert t.__cuda_array_interface__['data'][0] == t.data_ptr()
        """
    )


def test_adopting_numpys_memory() -> None:
    on_device(
        """
        assert tenon.cuda.unified_memory().reads_host
        a = np.arange(6.0).reshape(2, 3)
        with tenon.record_copies() as crossed:
            t = tenon.asarray(a, device='unified', copy=False)
            v = tenon.from_dlpack(a[:, ::2], device='unified', copy=False)
            w = tenon.asarray(tenon.from_numpy(a), device='unified', copy=False)
            addresses(t, a)
            for k in range(1, 10):
                t *= 2
                assert a[0, 1] == 2**k
                a += 0
        assert not crossed and copies() == 0
        v += 1
        assert a[0, 0] == 1 and w.numpy()[0, 0] == 1 and t.device == v.device == w.device == 'unified'
        big = np.zeros(N)
        u = tenon.asarray(big, device='unified', copy=False)
        assert not returns_at_once(lambda: u.add_(1))  # NumPy may always look
        a.flags.writeable = False
        with pytest.raises(ValueError, match='read-only'):
            tenon.asarray(a, device='unified', copy=False).add_(1)
        import sys
        held = sys.getrefcount(big)
        del u
        gc.collect()
        assert sys.getrefcount(big) == held - 1
        assert 'owner' in tenon.explain(t).reason
        d = tenon.ones(2, 3, device='cuda', dtype=tenon.float64)
        assert (d + t).tolist() == (1 + a).tolist()
        lists = tenon.tensor([1.0, 2.0], device='unified')
        assert lists.numpy().tolist() == [1, 2]
        """,
        delay=500,
        TENON_SIM_UNIFIED="hmm",
    )


@pytest.mark.parametrize("way", ["managed", "pinned", "none", "system"])
def test_ways(way: str) -> None:
    on_device(
        """
        way = os.environ['TENON_SIM_UNIFIED']
        memory = tenon.cuda.unified_memory()
        assert memory.way == way and bool(memory) == (way != 'none') and memory.why in str(memory)
        assert memory.reads_host == (way == 'system')
        if way != 'system':
            with pytest.raises(RuntimeError, match='copy=None'):
                tenon.asarray(np.zeros(3), device='unified', copy=False)
        if way == 'none':
            with pytest.raises(RuntimeError, match="host and unified:0 both use.*device='cuda'"):
                tenon.zeros(3, device='unified')
        else:
            t = tenon.asarray(np.ones(3), device='unified')
            assert t.numpy().tolist() == [1, 1, 1] and tenon.cuda.unified_memory('unified').allocated == 24
            assert tenon.explain(t).shared and way in repr(tenon.cuda.unified_memory(t.device))
            assert 'later' in tenon.explain(t).reason
            a = t.numpy()
            assert 'has a view' in tenon.explain(t).reason
            assert tenon.cuda.memory_allocated() == 0
        """,
        TENON_SIM_UNIFIED=way,
    )


def test_cudas_kernels_take_it() -> None:
    """The kernels on the host: in memory that NumPy views, in NumPy's own, and in both in one call."""
    on_device(
        """
        assert tenon.cuda.unified_memory().reads_host
        t = tenon.zeros(1000, device='unified')
        a = t.numpy()
        own = np.zeros(1000, np.float32)
        u = tenon.asarray(own, device='unified', copy=False)
        addresses(u, own)
        d = tenon.ones(1000, device='cuda')
        for k in range(1, 30):
            t += d
            a += 1
            u.copy_(t + u * 0)
            assert (a == 2 * k).all() and (own == 2 * k).all(), (k, a, own)
        x = tenon.randn(20, 30, device='unified', requires_grad=True)
        tenon.softmax(x @ x.T, 1).square().sum().backward()
        host = x.detach().cpu().requires_grad_()
        tenon.softmax(host @ host.T, 1).square().sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), host.grad.numpy(), rtol=1e-4, atol=1e-5)
        del a, t
        gc.collect()
        tenon.cuda.empty_cache()
        s = Stream()
        with stream(s):
            v = tenon.ones(N, device='unified')
            v += 1
        v.record_stream(default_stream())
        assert (v.numpy() == 2).all()
        """,
        **host_environment(),
    )


def test_without_a_device() -> None:
    run_python(
        """
        import pytest, tenon
        assert not tenon.cuda.unified_memory() and tenon.cuda.unified_memory().way == 'none'
        with pytest.raises(RuntimeError, match="unified:0.*device='cpu'"):
            tenon.zeros(3, device='unified')
        with pytest.raises(ValueError, match='unified:<index>'):
            tenon.zeros(3, device='unified:x')
        """,
        TENON_CUDA_LIB="/nonexistent",
    )
