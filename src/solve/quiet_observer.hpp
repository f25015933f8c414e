#pragma once

#include "kintsugi/solve.hpp"

namespace kintsugi {

/// Of a solve within a solve: says nothing, and passes on that the user wants to stop.
class QuietObserver final : public SolveObserver {
 public:
  /// `other` must outlive it.
  explicit QuietObserver(SolveObserver& other) : other_(&other) {}
  bool stop_requested() override { return other_->stop_requested(); }
  bool stop_at_once() override { return other_->stop_at_once(); }

 private:
  SolveObserver* other_;
};

}  // namespace kintsugi
