// The exceptions that tenon throws. src/core/errors.cc owns their wording.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "tenon/macros.h"

namespace tenon {

// Every message has the form "<op>: <what is wrong>; <values>, and the way out".
class TENON_API Error : public std::exception {
 public:
  explicit Error(std::string message) : message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

// clang-format off
// In Python: ValueError, ...
class TENON_API ValueError : public Error { using Error::Error; };
class TENON_API ShapeError : public ValueError { using ValueError::ValueError; };
class TENON_API ReadOnlyError : public ValueError { using ValueError::ValueError; };
class TENON_API OverflowError : public Error { using Error::Error; };
// ... TypeError, ...
class TENON_API TypeError : public Error { using Error::Error; };
class TENON_API DtypeError : public TypeError { using TypeError::TypeError; };
// ... IndexError, BufferError, NotImplementedError, ...
class TENON_API IndexError : public Error { using Error::Error; };
class TENON_API BufferError : public Error { using Error::Error; };
class TENON_API NotImplemented : public Error { using Error::Error; };
// ... RuntimeError, ...
class TENON_API RuntimeError : public Error { using Error::Error; };
class TENON_API DeviceError : public RuntimeError { using RuntimeError::RuntimeError; };
class TENON_API OutOfMemoryError : public DeviceError { using DeviceError::DeviceError; };
class TENON_API GradError : public RuntimeError { using RuntimeError::RuntimeError; };
// clang-format on

// ... and OSError: a file that cannot be opened, read or written. In Python the subclass of the system's code.
class TENON_API FileError : public Error {
 public:
  FileError(const std::string& reason, int code, std::string path)
      : Error(reason + "; file '" + path + "'"), reason_(reason), code_(code), path_(std::move(path)) {}
  const std::string& reason() const { return reason_; }  // "<op>: <what is wrong>"
  int code() const { return code_; }                     // errno; 0 where the system did not refuse
  const std::string& path() const { return path_; }

 private:
  std::string reason_;
  int code_;
  std::string path_;
};

}  // namespace tenon
