#include "mpi/node_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace kintsugi::mpi {

namespace {

/// How the other ranks find rank 0's file, and know it again: process, descriptor, device, inode.
using Address = std::array<std::int64_t, 4>;

/// An empty file with room for `bytes`, all of it allocated: memory that is lacking is an error here and not a signal
/// later. -1 where it cannot be had.
int make_file(std::size_t bytes, Address& address) {
  const int file = ::memfd_create("kintsugi", MFD_CLOEXEC);
  if (file < 0) return -1;
  struct stat facts {};
  if (::posix_fallocate(file, 0, static_cast<off_t>(bytes)) != 0 || ::fstat(file, &facts) != 0) {
    ::close(file);
    return -1;
  }
  address = {::getpid(), file, static_cast<std::int64_t>(facts.st_dev), static_cast<std::int64_t>(facts.st_ino)};
  return file;
}

/// Rank 0's file, opened by another rank. -1 where it cannot be: another user, or processes that have other numbers.
int open_file(const Address& address) {
  const std::string path = "/proc/" + std::to_string(address[0]) + "/fd/" + std::to_string(address[1]);
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  struct stat facts {};
  if (file >= 0 && ::fstat(file, &facts) == 0 && static_cast<std::int64_t>(facts.st_dev) == address[2] &&
      static_cast<std::int64_t>(facts.st_ino) == address[3]) {
    return file;
  }
  if (file >= 0) ::close(file);
  return -1;
}

}  // namespace

NodeMemory::NodeMemory(const Comm& node, std::size_t bytes) : bytes_(bytes) {
  Address address{};
  int file = node.root() ? make_file(bytes, address) : -1;
  node.broadcast(std::span(address));
  if (!node.root() && address[0] != 0) file = open_file(address);
  if (file >= 0) {
    data_ = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (data_ == MAP_FAILED) data_ = nullptr;
  }
  std::int64_t without = data_ == nullptr ? 1 : 0;
  node.max(std::span(&without, 1));  // also: all have opened it
  if (file >= 0) ::close(file);
  if (without == 0 || data_ == nullptr) return;
  ::munmap(data_, bytes);
  data_ = nullptr;
}

NodeMemory::~NodeMemory() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

}  // namespace kintsugi::mpi
