#include <gtest/gtest.h>

#include <string>

#include "io/fuzzing.hpp"
#include "io/pth.hpp"
#include "io/pth_writer.hpp"

namespace kintsugi {
namespace {

std::string valid_pickle() {
  testing::Pickle pickle;
  pickle.ordered_dict().raw("q\x01").mark();
  pickle.text("weight").tensor("FloatStorage", "0", 12, 0, {4, 3}, {3, 1}).raw("q\x02");
  pickle.text("bias").tensor("HalfStorage", "1", 8, 2, {4}, {1}).raw("u");
  pickle.raw("}").text("_metadata").raw("h\x01sb");
  return pickle.finish();
}

std::string archive_of(const std::string& pickle) {
  return testing::pth_archive(pickle, {{"0", testing::bytes_of(std::vector<float>(12, 0.5F))},
                                       {"1", testing::bytes_of(std::vector<std::uint16_t>(8, 0x3C00))}});
}

TEST(PthFuzz, MutatedArchives) {
  testing::fuzz(
      read_state_dict, archive_of(valid_pickle()), [](const std::string& bytes) { return bytes; }, 1, 2000);
}

TEST(PthFuzz, MutatedPickles) { testing::fuzz(read_state_dict, valid_pickle(), archive_of, 2, 4000); }

}  // namespace
}  // namespace kintsugi
