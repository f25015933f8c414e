#include "core/stop.hpp"

namespace kintsugi {

namespace {

thread_local StopListener* listener = nullptr;

const char* describe(StopReason reason) {
  return reason == StopReason::time ? "stopped at the time limit; nothing was written"
                                    : "stopped by a signal; nothing was written";
}

std::chrono::steady_clock::duration to_duration(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

Stopped::Stopped(StopReason reason) : Error(ExitCode::stopped, describe(reason)), reason_(reason) {}

StopListener::StopListener() : outer_(listener) { listener = this; }

StopListener::~StopListener() { listener = outer_; }

StopReason StopListener::reason() {
  if (reason_ != StopReason::none) return reason_;
  StopReason known = outer_ != nullptr ? outer_->reason() : StopReason::none;
  if (known == StopReason::none) known = listen();
  learn(known);
  return reason_;
}

StopReason StopListener::heard() {
  constexpr std::chrono::milliseconds kBetweenQuestions{5};
  const Clock::time_point now = Clock::now();
  if (now < quiet_until_) return StopReason::none;
  if (reason_ == StopReason::none && now >= next_question_) {
    next_question_ = now + kBetweenQuestions;
    (void)reason();
  }
  const bool too_early = patience_ > Clock::duration::zero() && now < known_since_ + patience_;
  return too_early ? StopReason::none : reason_;
}

void StopListener::learn(StopReason reason) {
  if (reason == StopReason::none || reason_ != StopReason::none) return;
  reason_ = reason;
  known_since_ = Clock::now();
  on_heard(reason);
}

void StopListener::be_quiet(double seconds) { quiet_until_ = Clock::now() + to_duration(seconds); }

void StopListener::be_patient(double seconds) { patience_ = to_duration(seconds); }

StopReason stop_heard_reason() { return listener == nullptr ? StopReason::none : listener->heard(); }

StopReason stop_reason() { return listener == nullptr ? StopReason::none : listener->reason(); }

void throw_if_stopped() {
  if (const StopReason reason = stop_heard_reason(); reason != StopReason::none) throw Stopped(reason);
}

void learn_of_stop(StopReason reason) {
  if (listener != nullptr) listener->learn(reason);
}

void be_quiet_about_stop(double seconds) {
  if (listener != nullptr) listener->be_quiet(seconds);
}

void be_patient_about_stop(double seconds) {
  if (listener != nullptr) listener->be_patient(seconds);
}

void forget_stop_listener() { listener = nullptr; }

}  // namespace kintsugi
