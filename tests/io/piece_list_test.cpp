#include "io/piece_list.hpp"

#include <gtest/gtest.h>

#include "io/expect_error.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {
namespace {

using testing::expect_error;

std::vector<int> read(const std::string& text) { return parse_piece_list(text, kAnswerKeys, "answer.txt"); }

void expect_refused(const std::string& text, std::initializer_list<std::string> parts) {
  expect_error<InputError>([&] { static_cast<void>(read(text)); }, {"answer.txt"});
  expect_error<InputError>([&] { static_cast<void>(read(text)); }, parts);
}

TEST(PieceList, IsReadInTheFormsThatPeopleHave) {
  const std::vector<int> expected{3, 1, 40};
  for (const std::string text :
       {"3,1,40",
        "\xEF\xBB\xBF"
        "3,1,40\r\n",
        "3\r\n1\r\n40\r\n", "[3, 1, 40]", "{\"permutation\": [3, 1, 40]}", " {\"mse\": 1e-9, \"answer\": [3.0, 1, 40]}",
        "{\"order\": \"3,1,40\", \"blocks\": {\"order\": [7]}}",
        "\xEF\xBB\xBF{\"solution\": [3, 1, 40], \"other\": [1]}\n"}) {
    EXPECT_EQ(read(text), expected) << text;
  }
  EXPECT_EQ(read(std::string("\xFF\xFE"
                             "3\0,\0"
                             "1\0\n\0",
                             10)),
            (std::vector<int>{3, 1}));
  EXPECT_EQ(parse_piece_list(std::string("{\"expand\": [5, 2]}"), kRoleKeys, "roles"), (std::vector<int>{5, 2}));
}

TEST(PieceList, TheAnswerCountsBeforeTheOrderOfBlocks) {
  EXPECT_EQ(read("{\"order\": [1, 0], \"permutation\": [3, 1, 40]}"), (std::vector<int>{3, 1, 40}));
}

TEST(PieceList, RulesNameThePlace) {
  expect_refused("{\"result\": [1]}", {"none of the keys \"permutation\", \"answer\""});
  expect_refused("{\"permutation\": [1, \"2\"]}", {"\"permutation\"", "entry 2"});
  expect_refused("{\"permutation\": [1, 2.5]}", {"entry 2"});
  expect_refused("{\"permutation\": [1, -2]}", {"entry 2"});
  expect_refused("{\"permutation\": [1, 1e300]}", {"entry 2"});
  expect_refused("{\"permutation\": [[1, 2], [3, 4]]}", {"entry 1"});
  expect_refused("{\"permutation\": {}}", {"not a list"});
  expect_refused("{\"permutation\": []}", {"not a list"});
  expect_refused("{\"permutation\": [1], \"permutation\": [2]}", {"twice"});
  expect_refused("{\"permutation\": [1, 2] // two\n}", {"begins like JSON but is none", "comments"});
  expect_refused("{\"step\": 1}\n{\"permutation\": [1]}\n", {"begins like JSON but is none"});
  expect_refused("{\"permutation\": [1, 2", {"begins like JSON but is none"});
  expect_refused(std::string("PK\x03\x04", 4), {"not text but a binary file"});
}

}  // namespace
}  // namespace kintsugi
