// The launches of the machine's kernels, for the files that instantiate them.
#pragma once

#include <algorithm>

#include "backends/cuda/machine.cuh"

namespace tenon::cuda {

template <class T>
void run_over_loop(const Context& context, const MachineWork& work) {
  const int operands = work.program.outputs + work.program.inputs;
  pieces<kMaxProgramOperands>(
      *work.loop, operands, [&](const Layout<kMaxProgramOperands>& layout, const std::int64_t* at) {
        MachineLoop<T> kernel{work.program, work.spans[0], layout};
        for (int i = 0; i < operands; ++i)
          if (!work.program.operand[i].immediate)
            kernel.span.operand[i].data = static_cast<char*>(work.spans[0].operand[i].data) + at[i];
        launch(context, blocks_for(layout.numel, kernel.kThreads), kernel);
      });
}

// Whether all operands of a span may be read and written by packs.
inline bool is_aligned(const MachineProgram& p, const ProgramSpan& span) {
  for (int i = 0; i < p.outputs + p.inputs; ++i)
    if (!p.operand[i].immediate &&
        reinterpret_cast<std::uintptr_t>(span.operand[i].data) % pack_alignment(p.operand[i].dtype) != 0)
      return false;
  return true;
}

template <class T>
void run_spans(const Context& context, const MachineWork& work) {
  constexpr std::int64_t most_blocks = 1 << 20;  // of a span; beyond, threads take several elements
  for (std::int64_t done = 0; done < work.n_spans; done += kSpans) {
    MachineSpans<T> kernel;
    kernel.program = work.program;
    kernel.spans = static_cast<int>(std::min<std::int64_t>(kSpans, work.n_spans - done));
    kernel.first[0] = 0;
    for (int k = 0; k < kernel.spans; ++k) {
      kernel.span[k] = work.spans[done + k];
      kernel.packed[k] = is_aligned(work.program, kernel.span[k]);
      const std::int64_t blocks = std::min(blocks_for(kernel.span[k].n, kernel.kThreads * kWide), most_blocks);
      kernel.first[k + 1] = kernel.first[k] + static_cast<unsigned>(blocks);
    }
    launch(context, kernel.first[kernel.spans], kernel);
  }
}

template <class T>
void run_machine(const Context& context, const MachineWork& work) {
  if (work.loop) run_over_loop<T>(context, work);
  else run_spans<T>(context, work);
}

}  // namespace tenon::cuda
