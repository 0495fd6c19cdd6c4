"""The wording of errors as Python users see it: tests/golden/errors_python.txt holds every message.

TENON_UPDATE_GOLDEN=1 rewrites the file; read the difference before you commit it.
"""

import os
import pathlib

import numpy as np
import tenon

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "errors_python.txt"

SETUP = """
t = tenon.zeros(2, 3)
i = tenon.zeros(2, 3, dtype=tenon.int64)
w = tenon.ones(2, requires_grad=True)
y = w * 2
with tenon.no_grad(): no_grad_view = y[:1]
frozen = np.zeros(2); frozen.flags.writeable = False
r = tenon.from_numpy(frozen)
exported = tenon.zeros(2); view = exported.numpy()
"""

CASES = """
t + tenon.zeros(4)
t.sum(5)
t.sum((0, 0))
t.sum(dim=0, axis=1)
t.sum(bogus=1)
t.sum(0, 'yes')
t.reshape(7)
t.T.view(6)
t.expand(4, 3)
t.permute(0)
t.unflatten(1, (2, 2))
t @ t
t.mm(tenon.zeros(3))
tenon.bmm(t, t)
t @ 2
t[2]
t[0, 0, 0]
t['a']
t[1.5]
t[tenon.tensor([True])]
t[[5]]
t[0] = tenon.zeros(2)
t[0, 0] = 1j
i[0, 0] = 2**70
tenon.zeros(2, dtype=tenon.int8)[0] = 300
tenon.tensor([[1, 2], [3]])
tenon.tensor(['a'])
tenon.tensor('a')
tenon.tensor(None)
tenon.tensor([300], dtype=tenon.int8)
tenon.tensor([1j], dtype=tenon.float32)
tenon.tensor([1], dtype='float99')
tenon.tensor([1], device='gpu')
tenon.zeros(-1)
tenon.zeros(2.5)
tenon.zeros()
tenon.full((2,), 300, dtype=tenon.uint8)
tenon.arange(0, 1, 0)
tenon.cat([])
tenon.cat([t, tenon.zeros(2, 2, 2)])
tenon.stack([t, tenon.zeros(2)])
t.split(0)
t.repeat(2)
t.item()
bool(t)
float(t)
int(t)
len(tenon.tensor(1))
iter(tenon.tensor(1))
'a' in t
t.add()
t.add(1, 2, 3)
tenon.add(t, 1, out=i)
tenon.add(t, 1, out=tenon.zeros(3))
tenon.add(w, 1, out=tenon.zeros(2))
tenon.bitwise_and(t, t)
tenon.div(t, 2, rounding_mode='up')
i.clip(2**70)
tenon.einsum('ii', t)
i.add_(0.5)
2 ** i ** -1
t.softmax(3)
tenon.zeros(0).max()
tenon.zeros(0).argmax()
t.max(1, out=t)
t.norm('x')
tenon.imag(t)
i.requires_grad_()
w.add_(1)
y.requires_grad_(False)
y.backward()
(y * 1j).sum().backward()
y.sum().backward(inputs=[])
y.sum().backward(inputs=[t])
y[0].detach_()
w.grad = tenon.ones(2, dtype=tenon.float64)
w.grad = tenon.ones(3)
w.grad = w
no_grad_view.add_(1)
t.sum().backward()
tenon.autograd.grad(w.sum(), tenon.ones(1, requires_grad=True))
w.numpy()
memoryview(w)
r.fill_(1)
r[0] = 1
exported.resize_(100)
tenon.from_numpy([1])
tenon.from_numpy(np.array(['a']))
tenon.from_numpy(np.zeros(2, '>f8'))
tenon.frombuffer(b'', dtype=tenon.int8)
tenon.asarray([1], copy=False)
tenon.asarray(t, dtype=tenon.int8, copy=False)
tenon.gather(t, 0, tenon.tensor([[7]]))
tenon.scatter(t, 0, tenon.tensor([[0]]))
tenon.take(t, 9)
tenon.randint(5)
tenon.randint(5, 5, (1,))
tenon.multinomial(tenon.tensor([0.0, 1.0]), 2)
tenon.bernoulli(tenon.tensor([2.0]))
tenon.normal(0.0, 1.0)
tenon.rand(2, dtype=tenon.int64)
tenon.set_default_dtype(tenon.int64)
tenon.set_printoptions(profile='tiny')
tenon.set_num_threads(-1)
tenon.promote_types(tenon.float32, tenon.float8_e5m2)
tenon.finfo(tenon.int8)
format(t, '.2f')
t.where(t, 0)
"""


def message(statement, scope):
    try:
        exec(statement, scope)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "no error"


def test_messages():
    scope = {"tenon": tenon, "np": np}
    exec(SETUP, scope)
    lines = []
    for statement in CASES.strip().splitlines():
        lines += [f">>> {statement}", message(statement, scope), ""]
    text = "\n".join(lines)
    if os.environ.get("TENON_UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_every_message_names_its_operation_and_a_way_out():
    """The form: "<op>: <what is wrong>; <the values and the way out>"."""
    import re

    text = GOLDEN.read_text()
    lines = [x for x in text.splitlines() if re.match(r"[A-Za-z]+Error: ", x)]
    assert len(lines) > 90
    odd = [x for x in lines if not re.match(r"[A-Za-z]+Error: [\w.]+: ", x)]
    assert len(odd) <= 6, odd
