#pragma once

#include <filesystem>
#include <string>

#include "cli/option_table.hpp"
#include "cli/settings.hpp"
#include "synth/planted.hpp"
#include "synth/train.hpp"

namespace kintsugi::cli {

/// What `kintsugi generate` is told.
class GenerateOptions {
 public:
  GenerateOptions();
  GenerateOptions(const GenerateOptions&) = delete;
  GenerateOptions& operator=(const GenerateOptions&) = delete;

  void declare(OptionTable& options);
  /// Completes the members below once all values are stored. Throws UsageError where an option is given that means
  /// nothing for the kind of network, or that contradicts another.
  void complete(const Settings& settings);

  [[nodiscard]] bool planted() const { return kind == "planted"; }

  std::filesystem::path output;
  std::filesystem::path answer;
  std::string kind = "planted";
  PlantedOptions network;  ///< sizes, activation and seed of both kinds; the knobs of a planted one
  TrainOptions train;
  TeacherOptions teacher;
  std::filesystem::path data;
  std::string check_pairs = "auto";  ///< auto, yes, no
  bool quiet = false;

 private:
  void declare_planted(OptionTable& options);
  void declare_trained(OptionTable& options);
  void refuse_idle_options(const Settings& settings) const;

  std::string depth_;
  std::string optimizer_;
  std::string norm_ = "none";
  std::string head_norm_ = "none";
  double eps_ = kNormEps;
};

}  // namespace kintsugi::cli
