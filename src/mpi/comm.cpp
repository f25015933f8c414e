#include "kintsugi/mpi/comm.hpp"

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <exception>
#include <numeric>
#include <thread>
#include <utility>

#include "core/stop.hpp"
#include "kintsugi/core/error.hpp"
#include "mpi/check.hpp"
#include "mpi/launcher.hpp"

namespace kintsugi::mpi {

Environment::Environment(int& argc, char**& argv) {
  prefer_start_alone();
  int granted = MPI_THREAD_SINGLE;
  check(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &granted), "MPI_Init_thread");
  try {
    check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    if (granted < MPI_THREAD_FUNNELED) {
      throw InternalError("this MPI does not let a process have a second thread, not even one that makes no MPI call");
    }
    int ranks = 1;
    check(MPI_Comm_size(MPI_COMM_WORLD, &ranks), "MPI_Comm_size");
    require_right_launcher(ranks);
  } catch (...) {
    MPI_Finalize();
    throw;
  }
}

Environment::~Environment() { MPI_Finalize(); }

void abort(int code) {
  MPI_Abort(MPI_COMM_WORLD, code);
  std::abort();
}

Comm::Comm(MPI_Comm owned) : comm_(owned) {
  check(MPI_Comm_rank(comm_, &rank_), "MPI_Comm_rank");
  check(MPI_Comm_size(comm_, &size_), "MPI_Comm_size");
}

Comm::Comm(Comm&& other) noexcept
    : comm_(std::exchange(other.comm_, MPI_COMM_NULL)), rank_(other.rank_), size_(other.size_) {}

Comm& Comm::operator=(Comm&& other) noexcept {
  std::swap(comm_, other.comm_);
  rank_ = other.rank_;
  size_ = other.size_;
  return *this;
}

Comm::~Comm() {
  if (comm_ != MPI_COMM_NULL) MPI_Comm_free(&comm_);
}

Comm Comm::world() {
  MPI_Comm copy = MPI_COMM_NULL;
  check(MPI_Comm_dup(MPI_COMM_WORLD, &copy), "MPI_Comm_dup");
  return Comm(copy);
}

Comm Comm::self() {
  MPI_Comm copy = MPI_COMM_NULL;
  check(MPI_Comm_dup(MPI_COMM_SELF, &copy), "MPI_Comm_dup");
  return Comm(copy);
}

Comm Comm::split(int color) const {
  MPI_Comm part = MPI_COMM_NULL;
  check(MPI_Comm_split(comm_, color, rank_, &part), "MPI_Comm_split");
  return Comm(part);
}

Comm Comm::split_node() const {
  MPI_Comm part = MPI_COMM_NULL;
  check(MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &part), "MPI_Comm_split_type");
  return Comm(part);
}

void Comm::barrier() const { check(MPI_Barrier(comm_), "MPI_Barrier"); }

namespace {

// Where each rank's values begin, in an array that holds one rank's after another's.
std::vector<int> starts_of(const std::vector<int>& counts) {
  std::vector<int> at(counts.size());
  std::exclusive_scan(counts.begin(), counts.end(), at.begin(), 0);
  return at;
}

// MPI counts are ints; longer arrays go in pieces that every rank cuts alike.
template <class T, class Call>
void in_pieces(std::span<T> values, const Call& call) {
  constexpr std::size_t kPiece = std::size_t{1} << 28;
  for (std::size_t at = 0; at < values.size(); at += kPiece) {
    const std::size_t count = std::min(kPiece, values.size() - at);
    call(values.data() + at, static_cast<int>(count));
  }
}

template <class T>
void broadcast_values(std::span<T> values, MPI_Datatype type, int root, MPI_Comm comm) {
  in_pieces(values, [&](T* data, int count) { check(MPI_Bcast(data, count, type, root, comm), "MPI_Bcast"); });
}

template <class T>
void reduce_values(std::span<T> values, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  in_pieces(values, [&](T* data, int count) {
    check(MPI_Allreduce(MPI_IN_PLACE, data, count, type, op, comm), "MPI_Allreduce");
  });
}

}  // namespace

void Comm::broadcast(std::span<float> values, int root) const { broadcast_values(values, MPI_FLOAT, root, comm_); }
void Comm::broadcast(std::span<double> values, int root) const { broadcast_values(values, MPI_DOUBLE, root, comm_); }
void Comm::broadcast(std::span<int> values, int root) const { broadcast_values(values, MPI_INT, root, comm_); }
void Comm::broadcast(std::span<std::int64_t> values, int root) const {
  broadcast_values(values, MPI_INT64_T, root, comm_);
}
void Comm::broadcast(std::span<std::uint64_t> values, int root) const {
  broadcast_values(values, MPI_UINT64_T, root, comm_);
}

void Comm::broadcast(std::string& text, int root) const {
  std::uint64_t size = text.size();
  broadcast(std::span(&size, 1), root);
  text.resize(size);
  broadcast_values(std::span(text.data(), text.size()), MPI_CHAR, root, comm_);
}

void Comm::broadcast(std::vector<int>& values, int root) const {
  std::uint64_t size = values.size();
  broadcast(std::span(&size, 1), root);
  values.resize(size);
  broadcast(std::span(values), root);
}

void Comm::sum(std::span<std::int64_t> values) const {
  if (size_ > 1) reduce_values(values, MPI_INT64_T, MPI_SUM, comm_);
}

void Comm::max(std::span<std::int64_t> values) const {
  if (size_ > 1) reduce_values(values, MPI_INT64_T, MPI_MAX, comm_);
}

void Comm::max(std::span<double> values) const {
  if (size_ > 1) reduce_values(values, MPI_DOUBLE, MPI_MAX, comm_);
}

std::vector<std::int64_t> Comm::gather_all(std::span<const std::int64_t> values) const {
  const auto mine = static_cast<std::int64_t>(values.size());
  std::vector<std::int64_t> lengths(static_cast<std::size_t>(size_));
  check(MPI_Allgather(&mine, 1, MPI_INT64_T, lengths.data(), 1, MPI_INT64_T, comm_), "MPI_Allgather");
  const std::int64_t total = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
  if (total > INT_MAX) throw InternalError("gather_all: more than 2^31 values on all ranks together");
  const std::vector<int> counts(lengths.begin(), lengths.end());
  const std::vector<int> at = starts_of(counts);
  std::vector<std::int64_t> all(static_cast<std::size_t>(total));
  check(MPI_Allgatherv(values.data(), static_cast<int>(mine), MPI_INT64_T, all.data(), counts.data(), at.data(),
                       MPI_INT64_T, comm_),
        "MPI_Allgatherv");
  return all;
}

std::vector<float> Comm::all_to_all(std::span<const float> send, std::span<const std::size_t> send_counts) const {
  const auto ranks = static_cast<std::size_t>(size_);
  std::vector<std::int64_t> out(send_counts.begin(), send_counts.end());
  std::vector<std::int64_t> in(ranks);
  check(MPI_Alltoall(out.data(), 1, MPI_INT64_T, in.data(), 1, MPI_INT64_T, comm_), "MPI_Alltoall");
  // MPI's displacements are ints. Whether they suffice is asked on all ranks, so that all throw.
  const std::int64_t arriving = std::accumulate(in.begin(), in.end(), std::int64_t{0});
  std::int64_t largest = std::max(static_cast<std::int64_t>(send.size()), arriving);
  max(std::span(&largest, 1));
  if (largest > INT_MAX) throw InternalError("all_to_all: more than 2^31 values on one rank; use more ranks");
  const auto as_ints = [](const std::vector<std::int64_t>& values) {
    return std::vector<int>(values.begin(), values.end());
  };
  const std::vector<int> out_counts = as_ints(out);
  const std::vector<int> in_counts = as_ints(in);
  const std::vector<int> out_at = starts_of(out_counts);
  const std::vector<int> in_at = starts_of(in_counts);
  std::vector<float> received(static_cast<std::size_t>(arriving));
  check(MPI_Alltoallv(send.data(), out_counts.data(), out_at.data(), MPI_FLOAT, received.data(), in_counts.data(),
                      in_at.data(), MPI_FLOAT, comm_),
        "MPI_Alltoallv");
  return received;
}

namespace {

/// MPI_Allreduce() of one int by its minimum, for ranks of which some come much later than others: who waits sleeps,
/// and tells them where it hears of a stop.
int patient_minimum(int value, MPI_Comm comm) {
  constexpr int kEager = 1000;
  constexpr std::chrono::microseconds kSleep{200};
  int least = value;
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Iallreduce(&value, &least, 1, MPI_INT, MPI_MIN, comm, &request), "MPI_Iallreduce");
  int done = 0;
  for (std::int64_t questions = 0; done == 0; ++questions) {
    check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done != 0 || questions < kEager) continue;
    (void)stop_heard();
    std::this_thread::sleep_for(kSleep);
  }
  return least;
}

}  // namespace

void Comm::agree(const std::function<void()>& work) const {
  std::exception_ptr mine;
  int code = 0;
  auto reason = static_cast<int>(StopReason::none);
  std::string message;
  try {
    work();
  } catch (const Error& error) {
    mine = std::current_exception();
    code = static_cast<int>(error.code());
    message = error.what();
    if (const auto* const stopped = dynamic_cast<const Stopped*>(&error)) reason = static_cast<int>(stopped->reason());
  } catch (const std::exception& error) {
    mine = std::current_exception();
    code = static_cast<int>(ExitCode::internal);
    message = error.what();
  }
  const int first = patient_minimum(mine ? rank_ : size_, comm_);
  if (first == size_) return;
  broadcast(std::span(&code, 1), first);
  broadcast(std::span(&reason, 1), first);
  broadcast(message, first);
  switch (static_cast<ExitCode>(code)) {
    case ExitCode::usage: throw UsageError(message);
    case ExitCode::bad_input: throw InputError(message);
    case ExitCode::stopped:
      learn_of_stop(static_cast<StopReason>(reason));
      throw Stopped(static_cast<StopReason>(reason));
    default: throw InternalError(message);
  }
}

}  // namespace kintsugi::mpi
