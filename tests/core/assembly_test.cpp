#include "kintsugi/core/assembly.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {
namespace {

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const InputError& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_input);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<int> random_permutation(std::size_t size, std::uint64_t seed) {
  std::vector<int> permutation(size);
  std::iota(permutation.begin(), permutation.end(), 0);
  Random random(seed);
  random.shuffle(std::span(permutation));
  return permutation;
}

TEST(Permutation, IsExpandCompressAndTheHeadLast) {
  const Assembly assembly{{{4, 1}, {0, 3}}, 2};
  EXPECT_EQ(to_permutation(assembly), (std::vector<int>{4, 1, 0, 3, 2}));
  EXPECT_EQ(from_permutation(std::vector<int>{4, 1, 0, 3, 2}), assembly);
  EXPECT_EQ(to_permutation({{}, 0}), std::vector<int>{0});
}

TEST(Permutation, GoesThereAndBack) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<int> permutation = random_permutation(2 * (seed % 20) + 1, seed);
    EXPECT_EQ(to_permutation(from_permutation(permutation)), permutation);
    EXPECT_EQ(parse_permutation(format_permutation(permutation), "here"), permutation);
  }
}

TEST(Permutation, RefusesWhatIsNone) {
  EXPECT_TRUE(contains(refusal([] { (void)from_permutation(std::vector<int>{0, 1}); }), "this one has 2"));
  EXPECT_TRUE(contains(refusal([] { (void)from_permutation(std::vector<int>{}); }), "this one has 0"));
  EXPECT_TRUE(contains(refusal([] { (void)from_permutation(std::vector<int>{0, 1, 1}); }), "piece 1 twice"));
  EXPECT_TRUE(contains(refusal([] { (void)from_permutation(std::vector<int>{0, 3, 1}); }), "piece 3"));
  EXPECT_TRUE(contains(refusal([] { (void)from_permutation(std::vector<int>{0, -1, 1}); }), "piece -1"));
}

TEST(Permutation, IsWrittenAsThePuzzleDoes) {
  EXPECT_EQ(format_permutation(std::vector<int>{3, 1, 40}), "3,1,40");
  EXPECT_EQ(format_permutation(std::vector<int>{7}), "7");
  EXPECT_EQ(format_permutation(std::vector<int>{}), "");
}

TEST(Permutation, ReversedTurnsTheBlocksRoundAndKeepsTheHead) {
  EXPECT_EQ(reversed(std::vector<int>{3, 1, 40, 2, 8, 9, 7}), (std::vector<int>{8, 9, 40, 2, 3, 1, 7}));
  EXPECT_EQ(reversed(std::vector<int>{7}), std::vector<int>{7});
  EXPECT_THROW((void)reversed(std::vector<int>{1, 2}), InputError);
  EXPECT_THROW((void)reversed(std::vector<int>{}), InputError);
}

TEST(Permutation, IsReadWithAnyWhiteSpace) {
  EXPECT_EQ(parse_permutation("3,1,40", "f"), (std::vector<int>{3, 1, 40}));
  EXPECT_EQ(parse_permutation(" 3 ,\t1,\r\n40\n", "f"), (std::vector<int>{3, 1, 40}));
  EXPECT_EQ(parse_permutation("5", "f"), std::vector<int>{5});
  for (const char* const text :
       {"3\n1\n40\n", "3 1 40", "3; 1; 40", "[3, 1, 40]", "[3, 1, 40,]\n", "(3, 1, 40)", "[ 3  1 40]",
        "# numpy.savetxt\n3\n1\n40\n", "3, # the first\r\n1, 40", "3.0\n1.0\n40.0\n",
        "3.000000000000000000e+00\n1.000000000000000000e+00\n4.000000000000000000e+01\n"}) {
    EXPECT_EQ(parse_permutation(text, "f"), (std::vector<int>{3, 1, 40})) << text;
  }
}

TEST(Permutation, ErrorsInTextNameThePlace) {
  EXPECT_TRUE(contains(refusal([] { (void)parse_permutation("", "a.txt"); }), "a.txt, entry 1"));
  EXPECT_TRUE(contains(refusal([] { (void)parse_permutation("3,,1", "a.txt"); }), "a.txt, entry 2"));
  EXPECT_TRUE(contains(refusal([] { (void)parse_permutation("3,1,", "a.txt"); }), "a.txt, entry 3"));
  EXPECT_TRUE(contains(refusal([] { (void)parse_permutation("3-1", "a.txt"); }), "comma or blank after 3"));
  EXPECT_TRUE(contains(refusal([] { (void)parse_permutation("3,1]", "a.txt"); }), "comma or blank after 1"));
  EXPECT_TRUE(contains(refusal([] { (void)parse_permutation("[3,1", "a.txt"); }), "expected ] at the end"));
  EXPECT_TRUE(contains(refusal([] { (void)parse_permutation("[3],[1]", "a.txt"); }), "the end of the file"));
  EXPECT_TRUE(contains(refusal([] { (void)parse_permutation("[[3,1]]", "a.txt"); }), "entry 1"));
  EXPECT_TRUE(contains(refusal([] { (void)parse_permutation("3 // 1", "a.txt"); }), "entry 2"));
  EXPECT_TRUE(contains(refusal([] { (void)parse_permutation("3,piece_1.pth", "a.txt"); }), "got 'piece_1.pth'"));
  EXPECT_TRUE(contains(refusal([] { (void)parse_permutation("3,x", "a.txt"); }), "entry 2"));
  EXPECT_TRUE(contains(refusal([] { (void)parse_permutation("3,1.5", "a.txt"); }), "a whole number, got '1.5'"));
  EXPECT_TRUE(contains(refusal([] { (void)parse_permutation("3,99999999999", "a.txt"); }), "entry 2"));
}

// The vectors of FIPS 180-4's examples.
TEST(Sha256, IsThatOfTheStandard) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

std::size_t discordant_pairs(const std::vector<int>& a, const std::vector<int>& b) {
  const auto place = [](const std::vector<int>& order, int element) {
    return std::find(order.begin(), order.end(), element) - order.begin();
  };
  std::size_t count = 0;
  for (int x = 0; x < static_cast<int>(a.size()); ++x) {
    for (int y = 0; y < x; ++y) count += (place(a, x) < place(a, y)) != (place(b, x) < place(b, y)) ? 1 : 0;
  }
  return count;
}

TEST(KendallDistance, CountsDiscordantPairs) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const std::vector<int> a = random_permutation(seed % 23, 2 * seed);
    const std::vector<int> b = random_permutation(seed % 23, 2 * seed + 1);
    EXPECT_EQ(kendall_distance(a, b), discordant_pairs(a, b));
    EXPECT_EQ(kendall_distance(a, b), kendall_distance(b, a));
    EXPECT_EQ(kendall_distance(a, a), 0U);
  }
}

TEST(KendallDistance, OfTheReverseIsTheGreatest) {
  std::vector<int> a = random_permutation(1000, 1);
  const std::vector<int> b(a.rbegin(), a.rend());
  EXPECT_EQ(kendall_distance(a, b), 1000U * 999 / 2);
  std::swap(a[400], a[401]);
  EXPECT_EQ(kendall_distance(a, b), 1000U * 999 / 2 - 1);
}

TEST(KendallDistance, RefusesOrdersOfDifferentLength) {
  EXPECT_THROW((void)kendall_distance(std::vector<int>{0, 1}, std::vector<int>{0}), InternalError);
}

}  // namespace
}  // namespace kintsugi
