#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "kintsugi/core/error.hpp"

namespace kintsugi::testing {

/// Fails unless `work` throws an `ErrorType` whose message holds every one of `parts`.
template <class ErrorType, class Work>
void expect_error(Work work, std::initializer_list<std::string> parts) {
  try {
    work();
  } catch (const ErrorType& error) {
    for (const std::string& part : parts) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos)
          << "'" << part << "' is not in: " << error.what();
    }
    return;
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another error than expected: " << error.what();
    return;
  }
  ADD_FAILURE() << "no error; expected one with '" << *parts.begin() << "'";
}

}  // namespace kintsugi::testing
