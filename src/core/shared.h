// The end of what Storage::share(), attach() and part() have made.
#pragma once

namespace tenon {

// One storage less lies in the file; the last closes it.
void leave_shared_file(void* file) noexcept;

}  // namespace tenon
