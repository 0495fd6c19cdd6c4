#include "backends/cuda/machine_run.cuh"

namespace tenon::cuda {
template void run_machine<std::int8_t>(const Context&, const MachineWork&);
template void run_machine<std::int16_t>(const Context&, const MachineWork&);
template void run_machine<std::int32_t>(const Context&, const MachineWork&);
template void run_machine<std::int64_t>(const Context&, const MachineWork&);
}  // namespace tenon::cuda
