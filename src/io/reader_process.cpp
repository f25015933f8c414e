#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

#include "core/stop.hpp"
#include "io/child_work.hpp"
#include "io/file_descriptor.hpp"
#include "io/in_child.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

/// To the reader process, which was forked from this one: code has the same addresses there.
struct Request {
  ReadFile read = nullptr;
  ChildLimits limits;
  std::array<char, PATH_MAX> path{};
};

// Of this process; none below 0.
int reader_socket = -1;
pid_t reader = -1;

/// A message with a file descriptor.
class Parcel {
 public:
  explicit Parcel(Request& request) : content_{&request, sizeof(request)} {
    header_.msg_iov = &content_;
    header_.msg_iovlen = 1;
    header_.msg_control = control_.data();
    header_.msg_controllen = control_.size();
  }
  void put(int descriptor) {
    cmsghdr* const part = CMSG_FIRSTHDR(&header_);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(part), &descriptor, sizeof(int));
  }
  [[nodiscard]] int descriptor() const {
    const cmsghdr* const part = CMSG_FIRSTHDR(&header_);
    int descriptor = -1;
    if (part != nullptr && part->cmsg_type == SCM_RIGHTS) std::memcpy(&descriptor, CMSG_DATA(part), sizeof(int));
    return descriptor;
  }
  msghdr* header() { return &header_; }

 private:
  iovec content_;
  msghdr header_{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control_{};
};

/// The reader process: one child for each request, whose status is the answer. Never comes back.
[[noreturn]] void serve(int socket) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCONT}) std::signal(number, SIG_IGN);
  // Whoever reads this program's output waits until nobody can write there any more.
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, stream);
  while (true) {
    Request request;
    Parcel parcel(request);
    if (::recvmsg(socket, parcel.header(), MSG_CMSG_CLOEXEC) != sizeof(request)) ::_exit(0);
    FileDescriptor pipe(parcel.descriptor());
    const pid_t child = ::fork();
    if (child == 0) {
      be_the_child([&] { return request.read(request.path.data()); }, pipe.get(), request.limits);
    }
    static_cast<void>(pipe.close());
    int status = -1;
    while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (::send(socket, &status, sizeof(status), MSG_NOSIGNAL) != sizeof(status)) ::_exit(0);
  }
}

void give_reader_up() {
  if (reader_socket >= 0) ::close(reader_socket);
  reader_socket = -1;
  if (reader > 0) {
    ::kill(reader, SIGKILL);
    while (::waitpid(reader, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  reader = -1;
}

/// Has the reader process write what it reads to `pipe`. False where there is none.
bool ask_reader(ReadFile read, const std::string& path, const ChildLimits& limits, int pipe) {
  if (reader_socket < 0 || path.size() >= PATH_MAX) return false;
  Request request{read, limits, {}};
  std::ranges::copy(path, request.path.begin());
  Parcel parcel(request);
  parcel.put(pipe);
  if (::sendmsg(reader_socket, parcel.header(), MSG_NOSIGNAL) == sizeof(request)) return true;
  give_reader_up();
  return false;
}

/// How the reader's child ended. -1 where the reader is gone, or its child is overdue.
int status_from_reader(bool overdue) {
  constexpr int kMilliseconds = 10'000;
  int status = -1;
  pollfd waiting{reader_socket, POLLIN, 0};
  int ready = -1;
  while (!overdue && (ready = ::poll(&waiting, 1, kMilliseconds)) < 0 && errno == EINTR) {
  }
  if (ready > 0 && ::recv(reader_socket, &status, sizeof(status), 0) == sizeof(status)) return status;
  give_reader_up();  // a late answer must not be taken for that of the next file
  return -1;
}

}  // namespace

std::vector<char> read_in_child(ReadFile read, const std::string& path, const ChildLimits& limits) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw InternalError("no pipe can be made: " + system_message(errno));
  const FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  if (!ask_reader(read, path, limits, writing.get())) {
    return run_in_child([&] { return read(path); }, path, limits);
  }
  static_cast<void>(writing.close());
  std::optional<std::vector<char>> received = receive_outcome(reading.get(), limits);
  const int status = status_from_reader(!received);
  throw_if_stopped();
  return result_of(std::move(received), status, path);
}

ReaderProcess::ReaderProcess() {
  std::array<int, 2> ends{};
  if (reader_socket >= 0 || ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return;
  reader = ::fork();
  if (reader == 0) {
    ::close(ends[0]);
    serve(ends[1]);
  }
  ::close(ends[1]);
  reader_socket = ends[0];
  if (reader < 0) give_reader_up();
}

ReaderProcess::~ReaderProcess() { give_reader_up(); }

}  // namespace kintsugi
