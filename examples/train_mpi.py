"""Trains one model in several processes, whose gradients MPI sums in place.

    python examples/train_mpi.py                  # alone
    mpiexec -n 2 python examples/train_mpi.py     # the same losses, to the digits of float32

Each process computes the gradient of its share of a batch. All gradients are views of one flat tensor, so
that a single Allreduce of its memory sums them: no copy, and nothing to gather or to spread. mpi4py takes the
tensor as it is. float16 and bfloat16 are refused before they reach MPI, which would add their bytes.
"""

import argparse

import numpy as np
import sklearn.datasets
import tenon as torch
from mpi4py import MPI
from tenon import nn


def flatten_gradients(model: nn.Module) -> torch.Tensor:
    """Gives each parameter a view of one flat tensor as its gradient, and returns that tensor."""
    parameters = list(model.parameters())
    for p in parameters:
        if p.dtype not in (torch.float32, torch.float64):
            raise TypeError(f"MPI sums float32 and float64; got a parameter of {p.dtype}: use model.float()")
    flat = torch.zeros(sum(p.numel() for p in parameters))
    at = 0
    for p in parameters:
        p.grad = flat[at : at + p.numel()].view(p.shape)
        at += p.numel()
    return flat


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--steps", type=int, default=60, help="of gradient descent (default: 60)")
    arguments = parser.parse_args()
    world = MPI.COMM_WORLD
    rank, processes = world.Get_rank(), world.Get_size()

    data = sklearn.datasets.load_diabetes()
    features = torch.from_numpy((data.data * 20).astype(np.float32))
    targets = torch.from_numpy((data.target / 100).astype(np.float32)[:, None])
    torch.manual_seed(0)  # the same parameters in each process
    model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))
    gradients = flatten_gradients(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    rng = np.random.default_rng(0)

    for step in range(arguments.steps):
        batch = torch.from_numpy(rng.permutation(len(features))[:128])
        mine = batch[rank::processes]
        error = model(features[mine]) - targets[mine]
        loss = (error * error).sum() / len(batch)
        gradients.zero_()
        loss.backward()  # adds to the views
        total = np.array(loss.item())
        world.Allreduce(MPI.IN_PLACE, total)
        world.Allreduce(MPI.IN_PLACE, gradients)
        optimizer.step()
        if rank == 0 and (step % 20 == 0 or step == arguments.steps - 1):
            print(f"step {step}: loss {total:.6f}")


if __name__ == "__main__":
    main()
