"""Operations that are composed of others, on the simulated device: values and gradients are the CPU's."""

import pytest
from support import run_python, sim_environment

pytestmark = pytest.mark.border

PROGRAMS = {
    "order": """
        lambda t: tenon.cummax(t, 1), lambda t: tenon.cummin(t, 0).values, lambda t: tenon.topk(t, 2, 0),
        lambda t: tenon.kthvalue(t, 2), lambda t: tenon.mode(t), lambda t: tenon.aminmax(t, dim=1),
        lambda t: tenon.ptp(t, 0), lambda t: tenon.partition(t, 1),
        lambda t: tenon.argpartition(t, 1, dim=0), lambda t: tenon.lexsort([t.round(), t]),
        lambda t: t.max(0), lambda t: tenon.topk(t.flatten(), 3).indices,
    """,
    "quantile": """
        lambda t: tenon.median(t), lambda t: tenon.median(t, 1), lambda t: tenon.nanmedian(holes(t), 0),
        lambda t: tenon.quantile(t, 0.3),
        lambda t: tenon.quantile(t, [0.2, 0.9], 1, interpolation='hazen'),
        lambda t: tenon.nanquantile(holes(t), [0.2, 0.9], 0),
        lambda t: tenon.quantile(t, 0.3, interpolation='lower'),
    """,
    "nan": """
        lambda t: tenon.nansum(holes(t), 0), lambda t: tenon.nanprod(holes(t), 1),
        lambda t: tenon.nanmean(holes(t)), lambda t: tenon.nanvar(holes(t), 1),
        lambda t: tenon.nanstd(holes(t)), lambda t: tenon.nanmin(holes(t), 0),
        lambda t: tenon.nanmax(holes(t)), lambda t: tenon.nanargmax(holes(t), 1),
        lambda t: tenon.nan_to_num(holes(t)), lambda t: tenon.nancumsum(holes(t), 0),
        lambda t: tenon.nancumprod(holes(t), 1),
    """,
    "difference": """
        lambda t: tenon.diff(t, 2), lambda t: tenon.diff(t, prepend=0, dim=0),
        lambda t: tenon.ediff1d(t, to_end=t[0]), lambda t: tenon.gradient(t),
        lambda t: tenon.gradient(t, spacing=t[0].abs().cumsum(0), dim=1, edge_order=2),
        lambda t: tenon.trapezoid(t, t[0]), lambda t: tenon.cumulative_trapezoid(t, dx=0.5, dim=0),
        lambda t: tenon.interp(t, t[0].abs().cumsum(0), t[1]), lambda t: tenon.unwrap(t * 5, dim=0),
    """,
    "search": """
        lambda t: tenon.searchsorted(t[0].sort().values, t),
        lambda t: tenon.searchsorted(t.sort().values, t[:, :2]),
        lambda t: tenon.bucketize(t, t[1].sort().values, right=True),
        lambda t: tenon.digitize(t, t[0].sort().values),
        lambda t: tenon.searchsorted(t[0], 0.2, sorter=t[0].argsort()),
    """,
    "set": """
        lambda t: tenon.unique(t.round(), return_inverse=True, return_counts=True),
        lambda t: tenon.unique(t.round(), dim=0),
        lambda t: tenon.unique_consecutive(t.round().flatten()), lambda t: tenon.isin(t, t[0]),
        lambda t: tenon.union1d(t[0], t[1]), lambda t: tenon.intersect1d(t, t[:2]),
        lambda t: tenon.setdiff1d(t, t[:2]), lambda t: tenon.setxor1d(t, t[:2]),
    """,
    "histogram": """
        lambda t: tenon.bincount((t[0] * 3).abs().long(), t[1]), lambda t: tenon.histc(t, 4),
        lambda t: tenon.histogram(t, 5, weight=t * t),
        lambda t: tenon.histogram(t, 5, range=(-1.0, 1.0)).hist,
    """,
    "statistics": """
        lambda t: tenon.cov(t), lambda t: tenon.corrcoef(t), lambda t: tenon.cov(t, aweights=t[0].abs()),
    """,
}


@pytest.mark.parametrize("device", ["cuda", "unified"])
@pytest.mark.parametrize("topic", PROGRAMS)
def test_values_and_gradients_are_those_of_the_cpu(topic: str, device: str) -> None:
    printed = run_python(
        """
        import tenon
        tenon.manual_seed(3)
        x = tenon.randn(4, 6, dtype=tenon.float64)
        mask = tenon.rand(4, 6) < 0.3

        def holes(t):
            return tenon.where(mask.to(t.device), float('nan'), t)

        def leaves(r):
            return [r] if isinstance(r, tenon.Tensor) else list(r)

        for i, f in enumerate([PROGRAMS]):
            host, device = x.clone().requires_grad_(), x.to('[DEVICE]').requires_grad_()
            expected, got = leaves(f(host)), leaves(f(device))
            for a, b in zip(expected, got, strict=True):
                assert b.device == '[DEVICE]' and a.dtype is b.dtype, i
                assert tenon.allclose(a.detach(), b.detach().cpu(), 1e-12, 1e-14, equal_nan=True), i
                if a.requires_grad:
                    (w,) = [tenon.linspace(1, 2, a.numel(), dtype=tenon.float64).reshape(a.shape)]
                    a.backward(w, retain_graph=True)
                    b.backward(w.to('[DEVICE]'), retain_graph=True)
            assert (host.grad is None) == (device.grad is None), i
            if host.grad is not None:
                assert tenon.allclose(host.grad, device.grad.cpu(), 1e-10, 1e-12, equal_nan=True), i
            print(i)
        """.replace("PROGRAMS", " ".join(PROGRAMS[topic].split())).replace("[DEVICE]", device),
        **sim_environment(),
    )
    assert len(printed.split()) == PROGRAMS[topic].count("lambda")
