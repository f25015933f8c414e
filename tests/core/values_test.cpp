#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "kintsugi/core/error.hpp"
#include "kintsugi/core/rows.hpp"
#include "kintsugi/core/solution.hpp"

namespace kintsugi {
namespace {

TEST(Status, WordsAreReadBack) {
  for (const Status status : {Status::solved, Status::reproduced, Status::precision, Status::noise, Status::not_solved,
                              Status::time_limit, Status::evaluations, Status::interrupted, Status::unfinished}) {
    EXPECT_EQ(parse_status(to_string(status)), status);
  }
  EXPECT_THROW((void)parse_status("done"), InputError);
}

TEST(MemoryRows, ReadsSlabs) {
  auto rows = std::make_shared<Rows>();
  rows->shape = {4, 3, 2};
  for (int i = 0; i < 12; ++i) rows->inputs.push_back(static_cast<float>(i));
  for (int i = 0; i < 8; ++i) rows->predictions.push_back(static_cast<float>(100 + i));
  MemoryRows source(rows);
  EXPECT_EQ(source.shape().rows, 4U);
  std::vector<float> inputs(6);
  std::vector<float> predictions(4);
  source.read(1, 2, inputs, predictions);
  EXPECT_EQ(inputs, (std::vector<float>{3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(predictions, (std::vector<float>{102, 103, 104, 105}));
  EXPECT_THROW(source.read(3, 2, inputs, predictions), InternalError);
  EXPECT_THROW(source.read(0, 1, inputs, predictions), InternalError);
}

}  // namespace
}  // namespace kintsugi
