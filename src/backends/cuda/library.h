// NVIDIA's libraries, which are loaded when they are first needed. Nothing of them is linked.
#pragma once

#include <string>
#include <vector>

namespace tenon::cuda {

struct LibraryName {
  const char* soname;  // of the version that the backend was written for
  const char* variable;  // of the environment, which names a file to be taken instead
};

// Where a library is looked for, in this order: wheels beside the backend's own folder, conda, the system's search, a
// toolkit. (A copy that the process has loaded already comes before all of them.)
std::vector<std::string> library_places(const std::string& soname, const std::string& own_folder);

// dlopen's handle; null: it is nowhere. Throws Error for a file that the user has named and that cannot be loaded. A
// library is never unloaded.
void* load_library(const LibraryName& name);
// A function of it. Throws Error, naming it, where it is missing.
void* library_function(void* library, const LibraryName& name, const char* function);

}  // namespace tenon::cuda
