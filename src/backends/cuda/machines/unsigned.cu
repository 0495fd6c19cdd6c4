#include "backends/cuda/machine_run.cuh"

namespace tenon::cuda {
template void run_machine<bool>(const Context&, const MachineWork&);
template void run_machine<std::uint8_t>(const Context&, const MachineWork&);
template void run_machine<std::uint16_t>(const Context&, const MachineWork&);
template void run_machine<std::uint32_t>(const Context&, const MachineWork&);
template void run_machine<std::uint64_t>(const Context&, const MachineWork&);
}  // namespace tenon::cuda
