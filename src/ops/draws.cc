// Generators, and how graphs draw from them: what is drawn in a capture is counted, and each replay takes as many places.
#include "ops/draws.h"

#include <bit>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/launch.h"

namespace tenon {
namespace {

class DrawsOfGraph : public GraphPart {
 public:
  static std::shared_ptr<DrawsOfGraph> of(GraphParts& graph) {
    for (const auto& part : graph.all())
      if (auto draws = std::dynamic_pointer_cast<DrawsOfGraph>(part)) return draws;
    auto made = std::make_shared<DrawsOfGraph>();
    graph.add(made);
    return made;
  }

  void allow(Generator& g) {
    const std::lock_guard lock(mutex_);
    if (!find(g)) sources_.push_back({&g, {}, 0});
  }
  Draws take(const char* op, Generator& g, std::int64_t n, Device device) {
    if (&g == &default_generator()) allow(g);
    const std::lock_guard lock(mutex_);
    Source* source = find(g);
    if (!source)
      errors::fail<RuntimeError>(op,
                                 "this generator does not know the graph that is being captured, whose replays would "
                                 "all draw the same numbers; call the graph's register_generator_state(generator) "
                                 "before the capture, or draw from the default one");
    if (source->state.defined() && source->state.device() != device)
      errors::device_mismatch(op, source->state.device(), device);
    if (!source->state.defined()) source->state = memory_of_part({2}, DType::uint64, device);
    return {0, std::exchange(source->drawn, source->drawn + static_cast<std::uint64_t>(n)), source->state};
  }
  void renew(Stream) override {
    for (const Source& s : sources_) {
      if (s.drawn == 0) continue;
      const std::uint64_t seed = s.generator->seed(), offset = s.generator->advance(static_cast<std::int64_t>(s.drawn));
      IotaCall c{};  // seed, seed + (offset - seed): one launch, and no memory of the host that would have to last
      c.dtype = DType::uint64;
      c.out = s.state.data();
      c.n = 2;
      c.integers = true;
      c.istart = std::bit_cast<std::int64_t>(seed);
      c.istep = std::bit_cast<std::int64_t>(offset - seed);
      launch("replay", s.state.device(), c.dtype, &Backend::iota, c);
    }
  }

 private:
  struct Source {
    Generator* generator;
    Tensor state;
    std::uint64_t drawn;
  };
  Source* find(const Generator& g) {
    for (Source& s : sources_)
      if (s.generator == &g) return &s;
    return nullptr;
  }

  std::mutex mutex_;
  std::vector<Source> sources_;
};

}  // namespace

Generator& default_generator() {
  static Generator g;
  return g;
}

void register_generator(Graph& graph, Generator& generator) { DrawsOfGraph::of(*graph.parts())->allow(generator); }

Tensor memory_of_part(const Dims& shape, DType dtype, Device device) {
  const StreamGuard guard({device, 0});  // the default one is never captured
  return empty(shape, dtype, device);
}

Draws take_draws(const char* op, Generator* g, std::int64_t n, Device device) {
  Generator& from = g ? *g : default_generator();
  if (const auto graph = any_capture() ? graph_of(current_stream(device)) : nullptr)
    return DrawsOfGraph::of(*graph)->take(op, from, n, device);
  const std::uint64_t seed = from.seed();
  return {seed, from.advance(n), {}};
}

}  // namespace tenon
