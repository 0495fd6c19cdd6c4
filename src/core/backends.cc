// The registry of backends by device type: the CPU's is part of the library, the others are registered by the program or
// loaded on first use.
#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <mutex>
#include <string>
#include <vector>

#include "backends/cpu/backend.h"
#include "core/errors.h"
#include "tenon/backend_abi.h"

namespace tenon {
namespace {

// How a device type's plugin is found.
struct PluginNames {
  const char* type;  // as messages name it
  const char* entry;  // as the locator knows it
  const char* variable;  // of the environment: the path to take in place of the others
  const char* library;  // beside this library...
  const char* module;  // ...or in the package beside it
  const char* wheel;  // what brings it
};
constexpr PluginNames kPlugins[] = {
    {"CPU", nullptr, nullptr, nullptr, nullptr, nullptr},  // built in
    {"CUDA", "cuda", "TENON_CUDA_LIB", "libtenon_cuda.so", "tenon_cuda13", "tenon-cuda13"},
};
std::atomic<PluginLocator> g_locator{nullptr};
constexpr int kTypes = static_cast<int>(std::size(kPlugins));
// Unified memory is CUDA devices'.
constexpr int index_of(DeviceType type) {
  return static_cast<int>(type == DeviceType::unified ? DeviceType::cuda : type);
}

// What is known of a device type. Set once and never changed.
struct Known {
  std::once_flag once;
  std::atomic<const Backend*> table{nullptr};
  int devices = 0;
  std::string tried;  // why there is none
};

Known& known_of(DeviceType type) {
  static Known types[kTypes];
  return types[index_of(type)];
}

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

// Whether the table is of these headers. One without a version is the program's own.
bool fits(const Backend& table) {
  return table.abi == kBackendAbi && (!table.version || std::string_view(table.version) == TENON_VERSION);
}

std::string other_version(const std::string& path, const Backend& table, const std::string& way_out) {
  return errors::text(path, " was built for tenon ", table.version ? table.version : "(no version)", " with ABI ",
                      hex(table.abi), ", this is tenon ", TENON_VERSION, " with ABI ", hex(kBackendAbi), "; ", way_out);
}

void take(Known& e, const Backend* table, const char* type) {
  e.devices = table->device_count();
  if (e.devices < 1) e.tried = errors::text("no ", type, " device was found");
  else e.table = table;
}

// Where the library may be, the first place first.
std::vector<std::string> candidates(const PluginNames& names) {
  if (const char* path = std::getenv(names.variable); path && *path) return {path};
  std::vector<std::string> paths;
  if (const PluginLocator locator = g_locator)
    if (const std::string found = locator(names.entry, names.library); !found.empty()) paths.push_back(found);
  const std::string folder = own_folder() + "/";
  paths.push_back(folder + names.library);
  paths.push_back(folder + "../" + names.module + "/" + names.library);
  return paths;
}

void load(Known& e, const PluginNames& names) {
  for (const std::string& path : candidates(names)) {
    // Never unloaded: its threads and the memory it handed out live on.
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      // A file that is there but does not load, or the first place to look, is what the user should hear of.
      const char* why = dlerror();
      if (e.tried.empty() || access(path.c_str(), F_OK) == 0)
        e.tried = errors::text("tenon's ", names.type, " library could not be loaded (", why, "); set ", names.variable,
                               " or install ", names.wheel, "==", TENON_VERSION);
      continue;
    }
    auto symbol = reinterpret_cast<BackendEntry>(dlsym(library, "tenon_backend"));
    const Backend* table = symbol ? symbol() : nullptr;
    if (!table) e.tried = path + " has no symbol tenon_backend";
    else if (!fits(*table))
      e.tried =
          other_version(path, *table, errors::text("install ", names.wheel, "==", TENON_VERSION, ", or build it anew"));
    else take(e, table, names.type);
    return;  // a library that loads is the one that was meant
  }
}

const Known& loaded(DeviceType type) {
  Known& e = known_of(type);
  if (!e.table) std::call_once(e.once, [&] { load(e, kPlugins[index_of(type)]); });
  return e;
}

}  // namespace

const Backend& backend(Device device) {
  if (device.is_cpu()) return cpu::backend();
  const Known& e = loaded(device.type);
  const Backend* table = e.table;
  if (!table) errors::no_backend(device, e.tried);
  if (device.index < 0 || device.index >= e.devices)
    errors::no_backend(device,
                       errors::text("there are ", e.devices, " ", kPlugins[index_of(device.type)].type, " devices"));
  return *table;
}

void register_backend(DeviceType type, const Backend* table) {
  const char* name = kPlugins[index_of(type)].type;
  if (!fits(*table))
    errors::fail<DeviceError>("register_backend", other_version("the table", *table, "build it with these headers"));
  bool done = false;
  if (type != DeviceType::cpu)
    std::call_once(known_of(type).once, [&] {
      take(known_of(type), table, name);
      done = true;
    });
  if (!done)
    errors::fail<RuntimeError>("register_backend", "there is a backend for ", name,
                               " already, or it has been looked for; register before the first use");
}

void set_plugin_locator(PluginLocator locator) { g_locator = locator; }

bool is_available(DeviceType type) { return type == DeviceType::cpu || loaded(type).table != nullptr; }

int device_count(DeviceType type) {
  if (type == DeviceType::cpu) return 1;
  const Known& e = loaded(type);
  return e.table ? e.devices : 0;
}

}  // namespace tenon
