// Steps in a graph's capture. What follows from the count of steps stands in memory, and the host renews it for each replay.
#include <utility>

#include "core/capture.h"
#include "ops/draws.h"
#include "optim/formula.h"
#include "tenon/ops/copy.h"

namespace tenon::optim {

void Entry::read_counts() {
  if (step_at.defined()) step = step_at.item<double>();
  for (int i = 0; i < kMaxNumbers; ++i)
    if (number_at[i].defined()) number[i] = number_at[i].item<double>();
}

void Entry::write_counts() {
  if (step_at.defined()) fill_(step_at, step);
  for (int i = 0; i < kMaxNumbers; ++i)
    if (number_at[i].defined()) fill_(number_at[i], number[i]);
}

class CapturedNumbers : public GraphPart {
 public:
  explicit CapturedNumbers(Counting counting) : counting_(std::move(counting)) {}

  std::array<Tensor, kOwnNumbers> add(Entry& e, bool alike) {
    const DType d = e.parameter.dtype() == DType::float64 || e.parameter.dtype() == DType::complex128 ? DType::float64
                                                                                                      : DType::float32;
    if (!e.step_at.defined()) e.step_at = Tensor::of(e.step, DType::float64);
    for (int i = 0; i < kMaxNumbers; ++i)
      if (!e.number_at[i].defined()) e.number_at[i] = Tensor::of(e.number[i], DType::float64);
    const auto fits = [&](const Tensor& t) { return t.dtype() == d && t.device() == e.parameter.device(); };
    if (!alike || groups_.empty() || !fits(groups_.back().memory[0])) {
      Group& g = groups_.emplace_back();
      for (Tensor& t : g.memory) t = memory_of_part({}, d, e.parameter.device());
    }
    Entry kept = e;  // its counts, and which states there are
    kept.parameter = kept.gradient = {};
    groups_.back().entries.push_back(std::move(kept));
    return groups_.back().memory;
  }

  void renew(Stream) override {
    for (Group& g : groups_) {
      g.entries.front().read_counts();
      const OwnNumbers numbers = counting_.own(g.entries.front());
      for (std::size_t i = 0; i < numbers.size(); ++i)
        if (!g.written || numbers[i] != g.numbers[i]) fill_(g.memory[i], numbers[i]);
      g.numbers = numbers;
      g.written = true;
      for (Entry& e : g.entries) {
        e.read_counts();
        ++e.step;
        if (counting_.after) counting_.after(e);
        e.write_counts();
      }
    }
  }

 private:
  // Entries that count alike, and so share their numbers.
  struct Group {
    std::vector<Entry> entries;
    std::array<Tensor, kOwnNumbers> memory;
    OwnNumbers numbers{};
    bool written = false;
  };

  Counting counting_;
  std::vector<Group> groups_;
};

std::shared_ptr<CapturedNumbers> capture_numbers(GraphParts& graph, const Counting& counting) {
  auto made = std::make_shared<CapturedNumbers>(counting);
  graph.add(made);
  return made;
}

std::array<Tensor, kOwnNumbers> numbers_in_memory(CapturedNumbers& numbers, Entry& e, bool alike) {
  return numbers.add(e, alike);
}

std::shared_ptr<GraphParts> capturing_graph(std::span<const Entry> entries) {
  if (!any_capture()) return nullptr;
  for (const Entry& e : entries) {
    if (!e.gradient.defined()) continue;
    if (auto graph = graph_of(current_stream(e.parameter.device()))) return graph;
  }
  return nullptr;
}

}  // namespace tenon::optim
