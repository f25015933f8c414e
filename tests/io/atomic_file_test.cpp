#include "io/atomic_file.hpp"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "io/expect_error.hpp"
#include "support/environment.hpp"

namespace kintsugi {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(AtomicFile, WritesAndReplaces) {
  const testing::ScratchFolder folder;
  const fs::path path = folder.path() / "file.txt";
  write_file_atomically(path, "one");
  EXPECT_EQ(content(path), "one");
  write_file_atomically(path, "two, longer");
  EXPECT_EQ(content(path), "two, longer");
  write_file_atomically(path, "");
  EXPECT_EQ(content(path), "");
  EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(AtomicFile, AllBytesAndRelativeNames) {
  const testing::ScratchFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  std::string bytes(1 << 20, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 + i / 256);
  write_file_atomically("plain", bytes);
  fs::current_path(before);
  EXPECT_TRUE(content(folder.path() / "plain") == bytes);
}

TEST(AtomicFile, FollowsLinks) {
  const testing::ScratchFolder folder;
  fs::create_directory(folder.path() / "real");
  std::ofstream(folder.path() / "real" / "file") << "old";
  fs::create_symlink(folder.path() / "real" / "file", folder.path() / "link");
  write_file_atomically(folder.path() / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder.path() / "link"));
  EXPECT_EQ(content(folder.path() / "real" / "file"), "new");
}

TEST(AtomicFile, LinksThatLeadNowhereYetOrInARing) {
  const testing::ScratchFolder folder;
  fs::create_directory(folder.path() / "real");
  fs::create_symlink("second", folder.path() / "link");
  fs::create_symlink("real/file", folder.path() / "second");
  EXPECT_EQ(follow_links(folder.path() / "link"), folder.path() / "real" / "file");
  write_file_atomically(folder.path() / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder.path() / "link"));
  EXPECT_EQ(content(folder.path() / "real" / "file"), "new");
  fs::create_symlink("ring", folder.path() / "ring");
  expect_error<UsageError>([&] { write_file_atomically(folder.path() / "ring", "x"); }, {"ring of links"});
  EXPECT_TRUE(fs::is_symlink(folder.path() / "ring"));
}

TEST(AtomicFile, NamesUpToTheLongest) {
  const testing::ScratchFolder folder;
  write_file_atomically(folder.path() / std::string(255, 'n'), "x");
  EXPECT_EQ(entries(folder.path()), 1U);
  expect_error<UsageError>([&] { write_file_atomically(folder.path() / std::string(256, 'n'), "x"); },
                           {"File name too long"});
  EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(AtomicFile, RefusesWhatCannotBeAFile) {
  const testing::ScratchFolder folder;
  expect_error<UsageError>([&] { write_file_atomically(folder.path() / "no" / "such", "x"); },
                           {"no/such", "cannot be written"});
  expect_error<UsageError>([&] { write_file_atomically(folder.path(), "x"); }, {"not a regular file"});
  expect_error<UsageError>([&] { write_file_atomically(folder.path() / "new" / "", "x"); }, {"cannot be written"});
  expect_error<UsageError>([] { write_file_atomically("", "x"); }, {"cannot be written"});
  // Renaming over a device would replace it.
  expect_error<UsageError>([] { write_file_atomically("/dev/null", "x"); }, {"/dev/null", "not a regular file"});
  EXPECT_EQ(fs::status("/dev/null").type(), fs::file_type::character);
  EXPECT_EQ(entries(folder.path()), 0U);
}

TEST(AtomicFile, ReadOnlyFolder) {
  if (::geteuid() == 0) GTEST_SKIP() << "SKIPPED: root may write anywhere; ReadOnlyFileSystem tests it";
  const testing::ScratchFolder folder;
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  expect_error<UsageError>([&] { write_file_atomically(folder.path() / "file", "x"); }, {"cannot be written"});
  EXPECT_EQ(entries(folder.path()), 0U);
  fs::permissions(folder.path(), fs::perms::owner_all);
}

/// Writes more than RLIMIT_FSIZE allows: a write that fails half-way, as on a full disk, without needing to be root.
TEST(AtomicFile, FailedWriteLeavesTheOldFile) {
  const testing::ScratchFolder folder;
  const fs::path path = folder.path() / "file";
  write_file_atomically(path, "old");
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{4096, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  expect_error<InternalError>([&] { write_file_atomically(path, std::string(100'000, 'x')); },
                              {"file", "cannot be written: File too large"});
  expect_error<InternalError>([&] { write_file_atomically(folder.path() / "new", std::string(100'000, 'x')); },
                              {"cannot be written"});
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(content(path), "old");
  EXPECT_EQ(entries(folder.path()), 1U);
}

/// A file system of its own in `folder`, where the process may mount one.
class SmallFileSystem {
 public:
  SmallFileSystem(const fs::path& folder, const char* options) : folder_(folder) {
    mounted_ = ::mount("none", folder.c_str(), "tmpfs", 0, options) == 0;
  }
  ~SmallFileSystem() {
    if (mounted_) ::umount(folder_.c_str());
  }
  SmallFileSystem(const SmallFileSystem&) = delete;
  SmallFileSystem& operator=(const SmallFileSystem&) = delete;
  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] bool make_read_only() const {
    return ::mount("none", folder_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  fs::path folder_;
  bool mounted_ = false;
};

TEST(AtomicFile, FullDisk) {
  const testing::ScratchFolder folder;
  const SmallFileSystem disk(folder.path(), "size=64k");
  if (!disk.mounted()) GTEST_SKIP() << "SKIPPED: this process may not mount a small file system";
  const fs::path path = folder.path() / "file";
  write_file_atomically(path, "old");
  expect_error<InternalError>([&] { write_file_atomically(path, std::string(200'000, 'x')); },
                              {"file", "No space left"});
  EXPECT_EQ(content(path), "old");
  EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(AtomicFile, ReadOnlyFileSystem) {
  const testing::ScratchFolder folder;
  const SmallFileSystem disk(folder.path(), "size=64k");
  if (!disk.mounted()) GTEST_SKIP() << "SKIPPED: this process may not mount a small file system";
  write_file_atomically(folder.path() / "file", "old");
  ASSERT_TRUE(disk.make_read_only());
  expect_error<UsageError>([&] { write_file_atomically(folder.path() / "file", "new"); }, {"Read-only file system"});
  EXPECT_EQ(content(folder.path() / "file"), "old");
}

TEST(AtomicFile, LeftoversOfProcessesThatAreNoMoreAreRemoved) {
  const testing::ScratchFolder folder;
  const fs::path path = folder.path() / "file.txt";
  const auto leave_one = [&] {
    const pid_t child = ::fork();
    if (child == 0) {
      const AtomicFile file(path);
      ::_exit(0);  // as a kill: without a destructor
    }
    ::waitpid(child, nullptr, 0);
  };
  leave_one();
  leave_one();
  const AtomicFile alive(path);
  std::ofstream(folder.path() / ".file.txt.1234567.0.tmp") << "not of this machine";
  ASSERT_EQ(entries(folder.path()), 4U);
  remove_leftovers(folder.path() / "other.txt");
  EXPECT_EQ(entries(folder.path()), 4U);
  remove_leftovers(path);
  EXPECT_EQ(entries(folder.path()), 2U);
  EXPECT_TRUE(fs::exists(alive.temporary()));
}

}  // namespace
}  // namespace kintsugi
