#include "cli/solve_values.hpp"

#include <filesystem>
#include <vector>

#include "cli/start_option.hpp"
#include "cli/text.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

namespace {

int islands_for(std::size_t blocks, const IslandParameters& parameters) {
  if (blocks <= parameters.blocks_of_one) return 1;
  return blocks <= parameters.blocks_of_two ? 2 : 4;
}

}  // namespace

Value start_or_file(std::string& target) {
  return {target,
          [&target](const std::string& given) {
            std::error_code ignored;
            if (!is_start_name(given) && !std::filesystem::exists(given, ignored)) {
              throw UsageError("expected one of " + join(start_choices(), ", ") + ", or a file that exists, got '" +
                               given + "'");
            }
            target = given;
          },
          FileUse::input,
          {},
          {},
          start_choices()};
}

Value grid(SolveOptions& options) {
  return {"auto", [&options](const std::string& given) {
            if (given == "auto") {
              options.candidate_groups = options.row_groups = 0;
              return;
            }
            const std::size_t cross = given.find('x');
            try {
              if (cross == std::string::npos) throw UsageError("no x");
              options.candidate_groups = static_cast<int>(parse_integer(given.substr(0, cross), 1, kMostRanks));
              options.row_groups = static_cast<int>(parse_integer(given.substr(cross + 1), 1, kMostRanks));
            } catch (const UsageError&) {
              throw UsageError("expected candidate groups x row groups, such as 2x4, or auto, got '" + given + "'");
            }
          }};
}

Value islands(int& target) {
  const std::string preset = target == 0 ? "auto" : std::to_string(target);
  Value value{preset, [&target](const std::string& given) {
                target = given == "auto" ? 0 : static_cast<int>(parse_integer(given, 1, kMostGroups));
              }};
  value.choices = {"auto"};
  return value;
}

void settle_islands(const mpi::Comm& world, const Network& network, SolveOptions& options) {
  if (options.islands > 0) return;
  std::vector<int> chosen{0};
  if (world.root()) chosen[0] = islands_for(network.pieces.size() / 2, options.parameters.island);
  world.broadcast(chosen);
  options.islands = chosen[0];
}

}  // namespace kintsugi::cli
