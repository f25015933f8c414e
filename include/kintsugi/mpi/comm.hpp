#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace kintsugi::mpi {

/// Starts MPI for the life of the object. One per process, in main. Without a launcher, Open MPI is told by variables
/// of the environment that were not set to start no daemon and to open only what a rank alone needs. MPI's errors are
/// thrown by Comm as InternalError that names the call: the other ranks may then wait for this one, see abort(). Other
/// threads may run beside the one that makes this object, which alone may call MPI (MPI_THREAD_FUNNELED). Throws
/// InternalError where MPI does not allow that, UsageError where a launcher of another MPI has started several
/// processes that do not see each other.
class Environment {
 public:
  Environment(int& argc, char**& argv);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
};

/// Ends all ranks of the program at once with `code`; for errors that the other ranks cannot know of.
[[noreturn]] void abort(int code);

/// A communicator that this object owns: a duplicate, or a part, of another. Move-only; freed on destruction.
/// Every member but rank(), size() and raw() is collective over the communicator, and throws InternalError where MPI
/// fails: here, not on all ranks alike.
class Comm {
 public:
  /// A duplicate of MPI_COMM_WORLD.
  [[nodiscard]] static Comm world();
  /// A duplicate of MPI_COMM_SELF.
  [[nodiscard]] static Comm self();

  Comm(Comm&& other) noexcept;
  Comm& operator=(Comm&& other) noexcept;
  Comm(const Comm&) = delete;
  Comm& operator=(const Comm&) = delete;
  ~Comm();

  [[nodiscard]] int rank() const noexcept { return rank_; }
  [[nodiscard]] int size() const noexcept { return size_; }
  [[nodiscard]] bool root() const noexcept { return rank_ == 0; }
  [[nodiscard]] MPI_Comm raw() const noexcept { return comm_; }

  /// Ranks with equal `color`, in order of their rank here.
  [[nodiscard]] Comm split(int color) const;
  /// Ranks that share this rank's memory.
  [[nodiscard]] Comm split_node() const;

  void barrier() const;

  void broadcast(std::span<float> values, int root = 0) const;
  void broadcast(std::span<double> values, int root = 0) const;
  void broadcast(std::span<int> values, int root = 0) const;
  void broadcast(std::span<std::int64_t> values, int root = 0) const;
  void broadcast(std::span<std::uint64_t> values, int root = 0) const;
  /// Text of any length; receivers' text is replaced.
  void broadcast(std::string& text, int root = 0) const;
  /// Integers of any number; receivers' are replaced.
  void broadcast(std::vector<int>& values, int root = 0) const;

  /// Element-wise, in place. Integer sums are exact and so do not depend on the number of ranks; there is no
  /// floating-point sum here on purpose (see ExactSums).
  void sum(std::span<std::int64_t> values) const;
  void max(std::span<std::int64_t> values) const;
  void max(std::span<double> values) const;

  /// What the ranks gave, one after another, on every rank. Lengths may differ. Throws InternalError on all ranks where
  /// they are more than 2^31 values together.
  [[nodiscard]] std::vector<std::int64_t> gather_all(std::span<const std::int64_t> values) const;

  /// `send` holds send_counts[r] values for each rank r in turn; the result holds what each rank sent here, in turn.
  /// Throws InternalError on all ranks where one of them would send or receive more than 2^31 values.
  [[nodiscard]] std::vector<float> all_to_all(std::span<const float> send,
                                              std::span<const std::size_t> send_counts) const;

  /// Runs `work` on every rank; where it throws on any, all ranks throw the error of the lowest such rank. For what
  /// one rank can see and the others must know before the next collective. Ranks that have less to do wait asleep.
  void agree(const std::function<void()>& work) const;

 private:
  explicit Comm(MPI_Comm owned);
  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace kintsugi::mpi
