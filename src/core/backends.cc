// Finds the backend of a device: the CPU's is part of the library, the others are loaded on first use.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "backends/cpu/backend.h"
#include "core/errors.h"
#include "tenon/backend.h"
#include "tenon/backend_abi.h"

namespace tenon {
namespace {

struct Plugin {
  const Backend* table = nullptr;
  std::string tried;  // why there is none
};

// The folder of this library: a plugin may lie beside it.
std::string own_folder() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void*>(&own_folder), &info) || !info.dli_fname) return ".";
  const std::string path = info.dli_fname;
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

std::string hex(std::uint64_t v) {
  char b[20];
  std::snprintf(b, sizeof b, "%016llx", static_cast<unsigned long long>(v));
  return b;
}

Plugin load_cuda() {
  Plugin p;
  std::vector<std::string> candidates;
  if (const char* path = std::getenv("TENON_CUDA_LIB"); path && *path) {
    candidates.emplace_back(path);
  } else {
    candidates = {own_folder() + "/libtenon_cuda.so", own_folder() + "/../tenon_cuda/libtenon_cuda.so"};
  }
  for (const std::string& path : candidates) {
    // Never unloaded: its threads and the memory it handed out live on.
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      // A file that is there but does not load, or the first place to look, is what the user should hear of.
      const char* why = dlerror();
      if (p.tried.empty() || access(path.c_str(), F_OK) == 0)
        p.tried = errors::text("tenon's CUDA library could not be loaded (", why,
                               "); set TENON_CUDA_LIB or install tenon_cuda");
      continue;
    }
    auto entry = reinterpret_cast<BackendEntry>(dlsym(library, "tenon_backend"));
    const Backend* table = entry ? entry() : nullptr;
    if (!table) {
      p.tried = path + " has no symbol tenon_backend";
    } else if (table->abi_hash != kBackendAbi) {
      p.tried = errors::text(path, " was built for another version of tenon (ABI ", hex(table->abi_hash), ", this is ",
                             hex(kBackendAbi), "); rebuild or upgrade it");
    } else if (table->device_count() < 1) {
      p.tried = "no CUDA device was found";
    } else {
      p.table = table;
    }
    break;  // a library that loads is the one that was meant
  }
  return p;
}

const Plugin& cuda() {
  static const Plugin p = load_cuda();
  return p;
}

}  // namespace

const Backend& backend(Device device) {
  if (device.is_cpu()) return cpu::backend();
  const Plugin& p = cuda();
  if (!p.table) errors::no_backend(device, p.tried);
  if (device.index < 0 || device.index >= p.table->device_count())
    errors::no_backend(device, errors::text("there are ", p.table->device_count(), " CUDA devices"));
  return *p.table;
}

bool is_available(DeviceType type) { return type == DeviceType::cpu || cuda().table != nullptr; }

int device_count(DeviceType type) {
  if (type == DeviceType::cpu) return 1;
  return cuda().table ? cuda().table->device_count() : 0;
}

void synchronize(Device device) {
  if (!device.is_cpu()) backend(device).synchronize(device.index);
}

}  // namespace tenon
