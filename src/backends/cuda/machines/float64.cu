#include "backends/cuda/machine_run.cuh"

namespace tenon::cuda {
template void run_machine<double>(const Context&, const MachineWork&);
}  // namespace tenon::cuda
