#include "mpi/shared_stop.hpp"

#include <exception>
#include <utility>

#include "mpi/check.hpp"

namespace kintsugi::mpi {

namespace {

/// Counts the objects; all ranks make them in the same order.
std::int32_t next_number() {
  static std::int32_t number = 0;
  return ++number;
}

/// A rank's word in a sum over ranks: how many have heard of each reason can be read off it.
constexpr std::int64_t kSignal = std::int64_t{1} << 32;

std::int64_t own_word() {
  switch (stop_heard_reason()) {
    case StopReason::none: return 0;
    case StopReason::time: return 1;
    case StopReason::signal: return kSignal;
  }
  return 0;
}

void throw_if_any(std::int64_t words) {
  if (words == 0) return;
  const StopReason reason = words >= kSignal ? StopReason::signal : StopReason::time;
  learn_of_stop(reason);
  throw Stopped(reason);
}

}  // namespace

SharedStop::SharedStop(const Comm& world, Sources sources)
    : comm_(world.split(0)), sources_(std::move(sources)), number_(next_number()) {}

SharedStop::~SharedStop() {
  if (!sent_.empty()) MPI_Waitall(static_cast<int>(sent_.size()), sent_.data(), MPI_STATUSES_IGNORE);
}

StopReason SharedStop::receive() {
  if (comm_.size() == 1) return StopReason::none;
  int there = 0;
  check(MPI_Iprobe(MPI_ANY_SOURCE, 0, comm_.raw(), &there, MPI_STATUS_IGNORE), "MPI_Iprobe");
  if (there == 0) return StopReason::none;
  std::array<std::int32_t, 2> word{};
  check(MPI_Recv(word.data(), 2, MPI_INT32_T, MPI_ANY_SOURCE, 0, comm_.raw(), MPI_STATUS_IGNORE), "MPI_Recv");
  return word[0] == number_ ? static_cast<StopReason>(word[1]) : StopReason::none;
}

StopReason SharedStop::listen() {
  if (sources_.signalled && sources_.signalled()) {
    tell_others(StopReason::signal);
    return StopReason::signal;
  }
  // All ranks have a clock.
  if (sources_.seconds > 0 && since_begin_.seconds() > sources_.seconds) return StopReason::time;
  return receive();
}

void SharedStop::tell_others(StopReason reason) {
  word_ = {number_, static_cast<std::int32_t>(reason)};
  sent_.reserve(static_cast<std::size_t>(comm_.size()));
  for (int rank = 0; rank < comm_.size(); ++rank) {
    if (rank == comm_.rank()) continue;
    check(MPI_Isend(word_.data(), 2, MPI_INT32_T, rank, 0, comm_.raw(), &sent_.emplace_back()), "MPI_Isend");
  }
}

void SharedStop::on_heard(StopReason reason) {
  if (sources_.on_stop) sources_.on_stop(reason);
}

void stop_together(const Comm& comm) {
  std::int64_t word = own_word();
  comm.sum(std::span(&word, 1));
  throw_if_any(word);
}

void sum_or_stop(const Comm& comm, std::vector<std::int64_t>& values) {
  values.push_back(own_word());
  comm.sum(values);
  const std::int64_t words = values.back();
  values.pop_back();
  throw_if_any(words);
}

}  // namespace kintsugi::mpi
