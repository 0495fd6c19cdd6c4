// The names of arguments that NumPy's and PyTorch's users write out.
#pragma once

#include <string_view>
#include <vector>

namespace tenon::py {

// The other names of an operation's argument: both vocabularies work.
std::vector<const char*> other_names(std::string_view op, std::string_view argument);

// What to do without an argument that NumPy or PyTorch has and this operation has not; "" where nobody has it.
std::string_view way_out(std::string_view op, std::string_view keyword);

}  // namespace tenon::py
