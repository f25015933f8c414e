#pragma once

#include <chrono>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

/// Why a run is to end before its time.
enum class StopReason { none, time, signal };

/// Thrown where a run is to end before its time. What was being done is abandoned; where ranks work together, all of
/// them throw it at the same point.
class Stopped : public Error {
 public:
  explicit Stopped(StopReason reason);
  [[nodiscard]] StopReason reason() const noexcept { return reason_; }

 private:
  StopReason reason_;
};

/// One who knows whether the run is to end before its time. The one made last in a thread is asked by stop_heard() and
/// the like there while it lives, and asks the one made before it. Not to be moved.
class StopListener {
 public:
  StopListener();
  virtual ~StopListener();
  StopListener(const StopListener&) = delete;
  StopListener& operator=(const StopListener&) = delete;

  /// What it knows now, quiet or not.
  [[nodiscard]] StopReason reason();
  /// The same, asked for at most every few milliseconds; none while it is quiet or patient.
  [[nodiscard]] StopReason heard();
  /// Others have heard it.
  void learn(StopReason reason);
  /// From now on it says nothing for so many seconds: for what is worth a little time even if the run is to end.
  void be_quiet(double seconds);
  /// From now on a stop is said only so many seconds after it became known: for what is mostly over by then.
  void be_patient(double seconds);

 protected:
  [[nodiscard]] virtual StopReason listen() = 0;
  /// Called once.
  virtual void on_heard(StopReason /*reason*/) {}

 private:
  using Clock = std::chrono::steady_clock;

  StopListener* outer_;
  StopReason reason_ = StopReason::none;
  Clock::time_point next_question_{};
  Clock::time_point quiet_until_{};
  Clock::time_point known_since_{};
  Clock::duration patience_{};
};

/// Of this thread's listener; none and false where there is none. Cheap enough for every tile of rows. A rank that has
/// heard of a stop may skip what is left of its work up to the next point where all ranks throw (Evaluator::reduce(),
/// mpi::stop_together()): its word makes them throw there, so nobody sees the skipped work's result. None of these is
/// collective.
[[nodiscard]] StopReason stop_heard_reason();
[[nodiscard]] inline bool stop_heard() { return stop_heard_reason() != StopReason::none; }
/// Whether it is quiet or not.
[[nodiscard]] StopReason stop_reason();
/// Throws Stopped here alone: for work that one rank does and whose end Comm::agree() makes known.
void throw_if_stopped();
void learn_of_stop(StopReason reason);
void be_quiet_about_stop(double seconds);
void be_patient_about_stop(double seconds);
/// From now on nobody is asked: for a child process, whose parent ends it.
void forget_stop_listener();

}  // namespace kintsugi
