#pragma once

#include <stdexcept>
#include <string>

#include "kintsugi/core/exit_code.hpp"

namespace kintsugi {

/// Base of everything kintsugi throws on purpose. `what()` is one sentence for the user; `code()` is what the
/// process exits with when nobody catches it.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// The user called the program or the library wrongly.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(ExitCode::usage, message) {}
};

/// A file or the data in it breaks a rule. The message names the file, the place and the rule.
class InputError : public Error {
 public:
  explicit InputError(const std::string& message) : Error(ExitCode::bad_input, message) {}
};

/// A bug in kintsugi, or the machine failed.
class InternalError : public Error {
 public:
  explicit InternalError(const std::string& message) : Error(ExitCode::internal, message) {}
};

}  // namespace kintsugi
