#include "backends/cuda/machine_run.cuh"

namespace tenon::cuda {
template void run_machine<complex128>(const Context&, const MachineWork&);
}  // namespace tenon::cuda
