// Devices, streams and events: what tenon.cuda is made of. Streams are (device, index) here.
#include <nanobind/nanobind.h>
#include <nanobind/stl/tuple.h>

#include "convert.h"
#include "core/errors.h"
#include "raising.h"
#include "tenon/devices.h"
#include "tenon/graph.h"
#include "tenon/ops/random.h"

namespace nb = nanobind;

namespace tenon::py {
namespace {

using Pair = std::tuple<int, int>;

Device cuda(int index) {
  if (index > INT8_MAX) errors::fail<DeviceError>("device", "there is no cuda:", index);
  return {DeviceType::cuda, static_cast<std::int8_t>(index)};
}
Stream stream(int device, int index) { return {cuda(device), index}; }

// The same without the GIL, for what may wait.
template <class F>
auto waiting(F&& f) {
  return raising([&] {
    nb::gil_scoped_release release;
    return f();
  });
}

}  // namespace

void bind_streams(nb::module_& m) {
  m.def("_cuda_is_available", [] { return is_available(DeviceType::cuda); }, "Whether a CUDA device can be used.");
  m.def("_cuda_device_count", [] { return device_count(DeviceType::cuda); }, "The number of CUDA devices.");
  m.def(
      "_cuda_synchronize", [](int device) { waiting([&] { synchronize(cuda(device)); }); }, nb::arg("device"),
      "Waits until the device has done all its work.");
  m.def(
      "_cuda_properties",
      [](int device) {
        const DeviceProperties p = raising([&] { return device_properties(cuda(device)); });
        return nb::make_tuple(nb::str(p.name), p.total_memory, p.multiprocessors, p.major, p.minor);
      },
      nb::arg("device"), "(name, bytes of memory, multiprocessors, major, minor).");
  m.def(
      "_cuda_memory_info",
      [](int device) {
        const MemoryInfo i = raising([&] { return memory_info(cuda(device)); });
        return nb::make_tuple(i.free, i.total);
      },
      nb::arg("device"), "(free, total) bytes.");
  m.def(
      "_cuda_memory_statistics",
      [](int device) {
        const MemoryStatistics s = raising([&] { return memory_statistics(cuda(device)); });
        nb::dict counts;
        for (std::size_t c = 0; c < std::size(kMemoryCountNames); ++c)
          for (std::size_t p = 0; p < std::size(kMemoryPoolNames); ++p) {
            const MemoryTally& t = s.tallies[c][p];
            const std::string name = errors::text(kMemoryCountNames[c], ".", kMemoryPoolNames[p], ".");
            counts[(name + "current").c_str()] = t.current;
            counts[(name + "peak").c_str()] = t.peak;
            counts[(name + "allocated").c_str()] = t.allocated;
            counts[(name + "freed").c_str()] = t.freed;
          }
        counts["num_alloc_retries"] = s.retries;
        counts["num_ooms"] = s.out_of_memory;
        counts["num_device_alloc"] = s.driver_calls;
        counts["num_device_free"] = s.driver_frees;
        counts["limit"] = s.limit;
        return counts;
      },
      nb::arg("device"), "Counts of the device's memory, by name.");
  m.def(
      "_cuda_reset_memory_peaks", [](int device) { raising([&] { reset_memory_peaks(cuda(device)); }); },
      nb::arg("device"), "The peaks become what is there now.");
  m.def(
      "_cuda_empty_cache", [](int device) { waiting([&] { empty_cache(cuda(device)); }); }, nb::arg("device"),
      "Gives unused memory back to the driver.");
  m.def(
      "_cuda_limit_memory", [](int device, std::int64_t bytes) { raising([&] { limit_memory(cuda(device), bytes); }); },
      nb::arg("device"), nb::arg("bytes"), "The most bytes that this process takes; 0: no limit.");
  m.def(
      "_cuda_device_at",
      [](std::uintptr_t address) {
        const Device d = raising([&] { return device_at(DeviceType::cuda, reinterpret_cast<const void*>(address)); });
        return d.is_cpu() ? -1 : static_cast<int>(d.index);
      },
      nb::arg("address"), "The device whose memory is at the address; -1: none.");

  m.def(
      "_cuda_unified_memory",
      [](int device) {
        const UnifiedMemory u = raising([&] { return unified_memory(cuda(device)); });
        const std::string_view way = kUnifiedWayNames[static_cast<int>(u.way)];
        return nb::make_tuple(nb::str(way.data(), way.size()), u.reads_host, nb::str(u.why), u.allocated, u.reserved);
      },
      nb::arg("device"),
      "(way, whether it reads all memory of the host, why, bytes of tensors, bytes with the cache).");

  m.def(
      "_stream_current", [](int device) { return raising([&] { return current_stream(cuda(device)).index; }); },
      nb::arg("device"), "The index of this thread's current stream.");
  m.def(
      "_stream_set", [](int device, int index) { raising([&] { set_current_stream(stream(device, index)); }); },
      nb::arg("device"), nb::arg("index"), "Makes a stream this thread's current one.");
  m.def(
      "_stream_next", [](int device) { return raising([&] { return next_stream(cuda(device)).index; }); },
      nb::arg("device"), "The index of a stream of the device's pool.");
  m.def(
      "_stream_of",
      [](int device, std::uintptr_t handle) { return raising([&] { return stream_of(cuda(device), handle).index; }); },
      nb::arg("device"), nb::arg("handle"), "The index of the stream that the driver knows by this number.");
  m.def(
      "_stream_handle", [](int device, int index) { return raising([&] { return handle_of(stream(device, index)); }); },
      nb::arg("device"), nb::arg("index"), "The number that the driver knows a stream by.");
  m.def(
      "_stream_query", [](int device, int index) { return raising([&] { return is_done(stream(device, index)); }); },
      nb::arg("device"), nb::arg("index"), "Whether a stream has done all that it was given.");
  m.def(
      "_stream_synchronize", [](int device, int index) { waiting([&] { synchronize(stream(device, index)); }); },
      nb::arg("device"), nb::arg("index"), "Waits until a stream has done all that it was given.");
  m.def(
      "_stream_wait",
      [](Pair s, Pair other) {
        raising([&] { wait(stream(std::get<0>(s), std::get<1>(s)), stream(std::get<0>(other), std::get<1>(other))); });
      },
      nb::arg("stream"), nb::arg("other"), "What the stream is given from now on waits for what the other was given.");

  m.def(
      "_stream_capturing",
      [](int device, int index) { return raising([&] { return is_capturing(stream(device, index)); }); },
      nb::arg("device"), nb::arg("index"), "Whether a stream is being captured into a graph.");

  nb::class_<Graph>(m, "_Graph", "Work of a device that is recorded once and replayed.")
      .def(nb::init<>())
      .def(
          "capture_begin",
          [](Graph& g, int device, int index) { raising([&] { g.capture_begin(stream(device, index)); }); },
          nb::lock_self(), nb::arg("device"), nb::arg("index"))
      .def(
          "capture_end", [](Graph& g) { raising([&] { g.capture_end(); }); }, nb::lock_self())
      .def(
          "replay", [](Graph& g) { raising([&] { g.replay(); }); }, nb::lock_self())
      .def(
          "reset", [](Graph& g) { g.reset(); }, nb::lock_self())
      .def(
          "register_generator", [](Graph& g, Generator& generator) { register_generator(g, generator); },
          nb::lock_self(), nb::arg("generator"), nb::keep_alive<1, 2>());

  nb::class_<Event>(m, "_Event", "A mark in a stream.")
      .def(nb::init<bool>(), nb::arg("timing"))
      .def(
          "record", [](Event& e, int device, int index) { raising([&] { e.record(stream(device, index)); }); },
          nb::lock_self(), nb::arg("device"), nb::arg("index"))
      .def(
          "wait", [](const Event& e, int device, int index) { raising([&] { e.wait(stream(device, index)); }); },
          nb::lock_self(), nb::arg("device"), nb::arg("index"))
      .def(
          "query", [](const Event& e) { return raising([&] { return e.is_done(); }); }, nb::lock_self())
      .def(
          "synchronize", [](const Event& e) { waiting([&] { e.synchronize(); }); }, nb::lock_self())
      .def(
          "elapsed", [](const Event& e, const Event& end) { return raising([&] { return e.elapsed(end); }); },
          nb::lock_self(), nb::arg("end").lock())
      .def_prop_ro("device", [](const Event& e) { return e.recorded() ? e.device().index : -1; }, nb::lock_self());
}

}  // namespace tenon::py
