// tenon's errors from functions that nanobind binds.
#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <type_traits>

#include "object.h"

namespace tenon::py {

// What f returns; its errors reach Python through nanobind as they do from operations.
template <class F>
auto raising(F&& f) {
  using T = decltype(f());
  std::conditional_t<std::is_void_v<T>, std::optional<bool>, std::optional<T>> result;
  const Object done = Object::maybe(guarded([&] {
    if constexpr (std::is_void_v<T>) f();
    else result = f();
    return Py_NewRef(Py_None);
  }));
  if (!done) throw nanobind::python_error();
  if constexpr (!std::is_void_v<T>) return *result;
}

}  // namespace tenon::py
