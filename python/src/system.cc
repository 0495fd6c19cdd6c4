// Memory and random generators: parts that are no operations.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include "convert.h"
#include "dtype.h"
#include "raising.h"

namespace nb = nanobind;

namespace tenon::py {

extern PyTypeObject* size_type;

void bind_system(nb::module_& m) {
  m.def(
      "_memory_stats",
      [] {
        const memory::Stats s = memory::stats();
        nb::dict d;
        d["in_use"] = s.in_use;
        d["peak"] = s.peak;
        d["cached"] = s.cached;
        d["limit"] = s.limit;
        d["hits"] = s.hits;
        d["misses"] = s.misses;
        return d;
      },
      "Bytes in use, their peak, bytes cached and their limit, and how often the cache served an allocation.");
  m.def("_memory_release", &memory::release, "Returns all cached blocks to the system; the number of bytes.");
  m.def("_memory_set_limit", &memory::set_limit, nb::arg("bytes"),
        "Caps the bytes that are cached; 0 turns the cache off.");
  m.def("_memory_reset_peak", &memory::reset_peak, "Sets the peak to the bytes in use.");
  m.def(
      "_set_size_type", [](nb::handle type) { size_type = reinterpret_cast<PyTypeObject*>(type.inc_ref().ptr()); },
      nb::arg("type"));

  nb::class_<Generator>(
      m, "Generator",
      "A stream of random numbers: Philox4x32-10 (Salmon et al. 2011), by seed and position.\n\n"
      "seed: an int from 0 to 2^64 - 1, or a device; TypeError for anything else. tenon.default_generator is the\n"
      "one of the process, which draws for all functions that are given none.\n\n"
      ">>> a, b = (tenon.rand(3, generator=tenon.Generator(7)) for _ in range(2))\n"
      ">>> tenon.equal(a, b)\n"
      "True")
      .def(
          "__init__",
          [](Generator* self, nb::handle seed, nb::handle device) {
            const Where at{"Generator", "seed"};
            const bool where = PyUnicode_Check(seed.ptr()) || is_device(seed.ptr());  // Generator('cpu')
            raising([&] {
              const Device d = to_device(where ? seed.ptr() : device.ptr(), {"Generator", "device"});
              if (!d.is_cpu())
                throw ValueError("Generator: one on the CPU serves all devices; got " + d.str() + ", use device='cpu'");
              where || seed.is_none() ? new (self) Generator : new (self) Generator(to_seed(seed.ptr(), at));
            });
          },
          nb::arg("seed") = nb::none(), nb::arg("device") = "cpu")
      .def_prop_ro(
          "device", [](const Generator&) { return nb::steal(from_device(kCpu)); },
          "The CPU: the numbers are the same on all devices.")
      .def(
          "manual_seed",
          [](nb::handle self, nb::handle seed) {
            raising([&] { nb::cast<Generator&>(self).manual_seed(to_seed(seed.ptr(), {"manual_seed", "seed"})); });
            return nb::borrow(self);
          },
          nb::arg("seed"),
          "Starts the stream of a seed from its beginning; returns the generator. TypeError for what is no seed.")
      .def("initial_seed", &Generator::seed, "The seed.")
      .def(
          "get_state", [](const Generator& g) { return nb::make_tuple(g.seed(), g.offset()); }, "(seed, position).")
      .def(
          "set_state",
          [](Generator& g, const std::tuple<std::uint64_t, std::uint64_t>& s) {
            g.set_state(std::get<0>(s), std::get<1>(s));
          },
          nb::arg("state"), "Continues from (seed, position); TypeError for anything else.")
      .def("__getstate__", [](const Generator& g) { return nb::make_tuple(g.seed(), g.offset()); })
      .def("__setstate__", [](Generator& g, const std::tuple<std::uint64_t, std::uint64_t>& s) {
        new (&g) Generator(std::get<0>(s));
        g.set_state(std::get<0>(s), std::get<1>(s));
      });
  nb::object generator = m.attr("Generator");
  nb::setattr(generator, "__module__", nb::str("tenon"));
  m.attr("default_generator") = nb::cast(&default_generator(), nb::rv_policy::reference);
}

Generator* to_generator(PyObject* o, const Where& w) {
  Generator* g = nullptr;
  if (!nb::try_cast(nb::handle(o), g) || !g) wrong_type(w, "a tenon.Generator", o);
  return g;
}

}  // namespace tenon::py
