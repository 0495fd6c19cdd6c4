// Where installed packages have libraries that tenon loads: a BLAS, and the backends of devices. The locators run inside an
// operation, on any thread and without the GIL, so they ask the file system and not Python.
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "convert.h"
#include "raising.h"
#include "tenon/backend.h"
#include "tenon/blas.h"

namespace tenon::py {
namespace {

namespace fs = std::filesystem;

// Where packages may lie, as sys.path was when tenon was imported.
std::vector<std::string>& search_path() {
  static auto* path = new std::vector<std::string>;
  return *path;
}

std::string locate_openblas() {
  for (const std::string& folder : search_path()) {
    for (const char* name : {"libscipy_openblas.so", "libscipy_openblas.dylib"}) {
      const fs::path p = fs::path(folder) / "scipy_openblas32" / "lib" / name;
      std::error_code ignored;
      if (fs::exists(p, ignored)) return p.string();
    }
  }
  return "";
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r"), last = text.find_last_not_of(" \t\r");
  return first == std::string_view::npos ? "" : std::string(text.substr(first, last - first + 1));
}

// The module that the entry point `name` of the group "tenon.backends" names; "" if there is none. The file is an ini file:
// [tenon.backends], and below it "cuda = tenon_cuda13:library".
std::string module_of_entry_point(const fs::path& file, std::string_view name) {
  std::ifstream in(file);
  std::string line, section;
  while (std::getline(in, line)) {
    line = trimmed(line);
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '[') {
      section = line;
      continue;
    }
    const auto equals = line.find('=');
    if (section != "[tenon.backends]" || equals == std::string::npos || trimmed(line.substr(0, equals)) != name)
      continue;
    const std::string value = trimmed(std::string_view(line).substr(equals + 1));
    return trimmed(value.substr(0, value.find(':')));
  }
  return "";
}

// The library lies in the package that an entry point names.
std::string locate_plugin(const char* type, const char* library) {
  std::error_code ignored;
  for (const std::string& folder : search_path()) {
    for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end; it.increment(ignored)) {
      if (it->path().extension() != ".dist-info") continue;
      std::string module = module_of_entry_point(it->path() / "entry_points.txt", type);
      if (module.empty()) continue;
      for (char& c : module)
        if (c == '.') c = '/';
      return (fs::path(folder) / module / library).string();
    }
  }
  return "";
}

}  // namespace

void init_locate() {
  if (const Object path = Object::borrow(PySys_GetObject("path")); path && PyList_Check(path.get())) {
    const Object folders = Object::steal(PyList_AsTuple(path.get()));  // other threads may change the list
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(folders.get()); ++i)
      if (PyObject* p = PyTuple_GET_ITEM(folders.get(), i); PyUnicode_Check(p)) search_path().push_back(utf8(p));
  }
  blas::set_locator(&locate_openblas);
  set_plugin_locator(&locate_plugin);
}

}  // namespace tenon::py
