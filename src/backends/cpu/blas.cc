#include "backends/cpu/blas.h"

#include <dlfcn.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "core/errors.h"
#include "tenon/blas.h"
#include "tenon/threads.h"

namespace tenon {
namespace cpu {
namespace {

struct Library {
  Blas table;
  bool found = false;
  std::string name = "none", path, config, tried;
  void* handle = nullptr;
  std::string prefix;  // of its symbols
  // Threads of the library itself. `shared`: someone else in this process uses it too and wants its setting
  // back.
  bool shared = false;
  int (*get_threads)() = nullptr;
  void (*set_threads)(int) = nullptr;
  int (*set_threads_local)(int) = nullptr;  // MKL's: for this thread only, returns the one before
};

std::mutex g_mutex;
std::string g_path;
std::atomic<bool> g_asked_for = false;  // there is a g_path
std::string (*g_locator)() = nullptr;
bool g_loaded = false;

template <class F>
bool find(void* handle, const std::string& name, F& f) {
  f = reinterpret_cast<F>(dlsym(handle, name.c_str()));
  return f != nullptr;
}

bool find_all(void* handle, Library& l) {
  for (const std::string prefix : {"scipy_", ""}) {
    Blas& t = l.table;
    if (!find(handle, prefix + "cblas_sgemm", t.sgemm) || !find(handle, prefix + "cblas_dgemm", t.dgemm) ||
        !find(handle, prefix + "cblas_cgemm", t.cgemm) || !find(handle, prefix + "cblas_zgemm", t.zgemm))
      continue;
    l.name = "cblas";
    l.handle = handle;
    l.prefix = prefix;
    char* (*config)() = nullptr;
    if (find(handle, prefix + "openblas_set_num_threads", l.set_threads)) {
      l.name = "openblas";
      find(handle, prefix + "openblas_get_num_threads", l.get_threads);
      if (find(handle, prefix + "openblas_get_config", config)) l.config = config();
      if (find(handle, prefix + "openblas_get_corename", config)) l.config += std::string(", kernels: ") + config();
    } else if (find(handle, "MKL_Set_Num_Threads_Local", l.set_threads_local)) {
      l.name = "mkl";
      void (*version)(char*, int) = nullptr;
      if (find(handle, "MKL_Get_Version_String", version)) {
        char text[200] = "";
        version(text, sizeof text);
        l.config = text;
      }
    } else if (find(handle, "bli_info_get_version_str", config)) {
      l.name = "blis";
      l.config = config();
    }
    return true;
  }
  return false;
}

bool open(const std::string& path, Library& l) {
  // Already there: NumPy or another user of the system's BLAS brought it.
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  l.shared = handle != nullptr;
  if (!handle) handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    l.tried += (l.tried.empty() ? "" : "; ") + std::string(dlerror());
    return false;
  }
  if (!find_all(handle, l)) {
    l.tried += (l.tried.empty() ? "" : "; ") + path + " has no cblas_sgemm";
    dlclose(handle);
    return false;
  }
  l.found = true;
  Dl_info info;
  l.path = dladdr(reinterpret_cast<void*>(l.table.sgemm), &info) && info.dli_fname ? info.dli_fname : path;
  if (l.set_threads && !l.shared) l.set_threads(1);
  return true;
}

Library load() {
  std::lock_guard lock(g_mutex);
  g_loaded = true;
  Library l;
  if (const char* path = std::getenv("TENON_BLAS_LIB"); path && *path) {
    // What was asked for or nothing: a silent second choice would hide a spelling mistake.
    if (std::string(path) == "none") l.tried = "TENON_BLAS_LIB is 'none'";
    else open(path, l);
    return l;
  }
  if (!g_path.empty() && open(g_path, l)) return l;
  if (g_locator) {
    const std::string path = g_locator();
    if (!path.empty() && open(path, l)) return l;
  }
#if defined(__APPLE__)
  const char* names[] = {"libopenblas.dylib", "/System/Library/Frameworks/Accelerate.framework/Accelerate"};
#else
  // libblas.so.3 is the reference implementation on many systems: slower than tenon's own kernels, so not
  // here.
  const char* names[] = {"libopenblas.so.0", "libopenblas.so", "libmkl_rt.so.2", "libblis.so.4", "libflexiblas.so.3"};
#endif
  for (const char* name : names)
    if (open(name, l)) return l;
  return l;
}

const Library& library() {
  static const Library l = load();
  return l;
}

}  // namespace

bool blas_is_asked_for() {
  static const bool by_environment = [] {
    const char* path = std::getenv("TENON_BLAS_LIB");
    return path && *path;
  }();
  return by_environment || g_asked_for.load(std::memory_order_relaxed);
}

const Blas* blas() {
  const Library& l = library();
  return l.found ? &l.table : nullptr;
}

void* lapack_symbol(const char* name) {
  const Library& l = library();
  return l.found ? dlsym(l.handle, (l.prefix + name + "_").c_str()) : nullptr;
}

BlasSingleThread::BlasSingleThread(bool used) : used_(used) {
  if (!used) return;
  const Library& l = library();
  if (l.set_threads_local) {
    before_ = l.set_threads_local(1);
  } else if (l.shared && l.set_threads && l.get_threads && l.get_threads() != 1) {
    before_ = l.get_threads();
    l.set_threads(1);
  }
}
BlasSingleThread::~BlasSingleThread() {
  if (!used_) return;
  const Library& l = library();
  if (l.set_threads_local) l.set_threads_local(before_);
  else if (before_ > 0) l.set_threads(before_);
}

}  // namespace cpu

namespace blas {

Info info() {
  const cpu::Library& l = cpu::library();
  return {l.name, l.path, l.found ? l.config : l.tried, num_threads()};
}

void set_library(const std::string& path) {
  {
    std::lock_guard lock(cpu::g_mutex);
    if (cpu::g_loaded)
      errors::fail<RuntimeError>("blas.set_library", "a library is already in use; call it before the first product");
    cpu::g_path = path;
    cpu::g_asked_for = true;
  }
  const cpu::Library& l = cpu::library();
  if (!l.tried.empty() && !std::getenv("TENON_BLAS_LIB"))
    throw FileError(errors::text("blas.set_library: not usable: ", l.tried, "; in use instead: ", l.name), 0, path);
}

void set_locator(std::string (*locator)()) {
  std::lock_guard lock(cpu::g_mutex);
  cpu::g_locator = locator;
}

}  // namespace blas
}  // namespace tenon
