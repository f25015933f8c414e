#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "objective/evaluator.hpp"
#include "search/step.hpp"

namespace kintsugi::testing {

/// What a scripted search does in one step.
struct Act {
  double mse = -1;  ///< its order's error from now on; negative: as before
  bool improved = false;
  bool stuck = false;
  std::int64_t work = 0;  ///< that the evaluator is told of
};

/// What scripted searches do and were asked for; outlives them.
struct Script {
  std::deque<Act> acts;            ///< one a step; where there is none left: stuck
  RoundPolicy policy{};            ///< of a round
  std::vector<ScoredOrder> begun;  ///< at what it began
  std::vector<Blocks> elites;      ///< of a round
};

/// A search that follows a script and writes down, under its name, where it begins ("a>") and steps ("a").
template <class Base>
class Scripted : public Base {
 public:
  Scripted(std::string name, Script& script, std::vector<std::string>& log, Evaluator* evaluator = nullptr)
      : name_(std::move(name)), script_(&script), log_(&log), evaluator_(evaluator) {}

  void begin(const ScoredOrder& from) override {
    log_->push_back(name_ + ">");
    script_->begun.push_back(from);
    current_ = from;
  }
  StepReport step() override {
    log_->push_back(name_);
    if (script_->acts.empty()) return {.event = Event::insertion, .stuck = true};
    const Act act = script_->acts.front();
    script_->acts.pop_front();
    if (act.mse >= 0) current_.mse = act.mse;
    if (evaluator_ != nullptr) evaluator_->count_blocks(act.work, 1);
    return {.event = Event::insertion, .moves = act.improved ? 1 : 0, .improved = act.improved, .stuck = act.stuck};
  }
  [[nodiscard]] const ScoredOrder& current() const override { return current_; }
  void state(StateArchive& archive) override { archive(current_); }

 protected:
  Script* script() const { return script_; }

 private:
  std::string name_;
  Script* script_;
  std::vector<std::string>* log_;
  Evaluator* evaluator_;
  ScoredOrder current_;
};

using ScriptedStep = Scripted<Step>;

class ScriptedRound final : public Scripted<Round> {
 public:
  using Scripted<Round>::Scripted;
  [[nodiscard]] RoundPolicy policy() const override { return script()->policy; }
  void set_elites(const std::vector<Blocks>& elites) override { script()->elites = elites; }
};

}  // namespace kintsugi::testing
