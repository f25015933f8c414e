#include "kintsugi/core/parameters.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "kintsugi/core/error.hpp"

namespace kintsugi {
namespace {

TEST(Parameters, EachHasANameOfItsOwnARangeThatHoldsItsDefaultAndAReason) {
  std::set<std::string> names;
  for (const ParameterText& each : describe(Parameters{})) {
    EXPECT_TRUE(names.insert(each.name).second) << each.name;
    const double value = std::strtod(each.value.c_str(), nullptr);
    EXPECT_GE(value, each.lowest) << each.name;
    EXPECT_LE(value, each.highest) << each.name;
    EXPECT_LT(each.lowest, each.highest) << each.name;
    EXPECT_GT(each.reason.size(), 20U) << each.name;
  }
  EXPECT_GT(names.size(), 1U);
}

TEST(Parameters, TextGivesTheSameValuesBack) {
  Parameters changed;
  for (const ParameterText& each : describe(Parameters{})) set_parameter(changed, each.name, each.value);
  EXPECT_EQ(fingerprint(changed), fingerprint(Parameters{}));
  set_parameter(changed, "preparation.start_rows", "65");
  EXPECT_EQ(changed.preparation.start_rows, 65);
  EXPECT_NE(fingerprint(changed), fingerprint(Parameters{}));
  ASSERT_EQ(changed_parameters(changed).size(), 1U);
  EXPECT_EQ(changed_parameters(changed)[0].name, "preparation.start_rows");
  EXPECT_EQ(changed_parameters(changed)[0].value, "65");
  EXPECT_EQ(changed_parameters(changed)[0].default_value, "64");
  EXPECT_TRUE(changed_parameters(Parameters{}).empty());
}

TEST(Parameters, WhatMakesNoSenseIsRefused) {
  Parameters parameters;
  for (const std::string value : {"", "x", "1.5", "0", "1e99", "64 "}) {
    EXPECT_THROW(set_parameter(parameters, "preparation.start_rows", value), UsageError) << value;
  }
  EXPECT_THROW(set_parameter(parameters, "preparation.rows", "1"), UsageError);
  EXPECT_EQ(fingerprint(parameters), fingerprint(Parameters{}));
}

}  // namespace
}  // namespace kintsugi
