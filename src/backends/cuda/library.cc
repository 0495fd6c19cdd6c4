#include "backends/cuda/library.h"

#include <dlfcn.h>

#include <cstdlib>

#include "backends/cuda/context.h"
#include "backends/cuda/runtime.h"

namespace tenon::cuda {
namespace {

std::string environment(const char* name) {
  const char* text = std::getenv(name);
  return text ? text : "";
}

std::string own_folder() {
  Dl_info info{};
  if (!dladdr(reinterpret_cast<void*>(&own_folder), &info) || !info.dli_fname) return "";
  const std::string path = info.dli_fname;
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

}  // namespace

std::vector<std::string> library_places(const std::string& soname, const std::string& folder) {
  std::vector<std::string> places;
  if (!folder.empty()) places.push_back(folder + "/../nvidia/cu13/lib/" + soname);
  if (const auto conda = environment("CONDA_PREFIX"); !conda.empty()) places.push_back(conda + "/lib/" + soname);
  places.push_back(soname);
  for (const char* variable : {"CUDA_PATH", "CUDA_HOME"})
    if (const auto toolkit = environment(variable); !toolkit.empty()) places.push_back(toolkit + "/lib64/" + soname);
  places.push_back("/usr/local/cuda/lib64/" + soname);
  return places;
}

void* load_library(const LibraryName& name) {
  if (const std::string named = environment(name.variable); !named.empty()) {
    if (void* library = dlopen(named.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    fail(Status::failed, (std::string(name.variable) + " cannot be loaded: " + dlerror()).c_str());
  }
  if (!runtime::kWithLibraries) return nullptr;
  if (void* library = dlopen(name.soname, RTLD_NOW | RTLD_NOLOAD)) return library;
  for (const std::string& place : library_places(name.soname, own_folder()))
    if (void* library = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
  return nullptr;
}

void* library_function(void* library, const LibraryName& name, const char* function) {
  if (void* f = dlsym(library, function)) return f;
  fail(Status::failed, (std::string(name.soname) + " has no " + function).c_str());
}

}  // namespace tenon::cuda
