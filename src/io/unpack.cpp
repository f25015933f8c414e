#include "io/unpack.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "io/decompress.hpp"
#include "io/file_bytes.hpp"
#include "io/file_descriptor.hpp"
#include "io/tensor.hpp"
#include "io/zip_archive.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 100'000;

struct CloseReader {
  void operator()(archive* handle) const { archive_read_free(handle); }
};
using Reader = std::unique_ptr<archive, CloseReader>;

Reader open_archive(std::span<const char> bytes) {
  Reader reader(archive_read_new());
  if (!reader) throw InternalError("libarchive cannot be started");
  archive_read_support_format_zip(reader.get());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) return nullptr;
  return reader;
}

/// Its bytes without a compression around all of them.
std::vector<char> plain_bytes(const fs::path& path) {
  const FileBytes file(path);
  if (!compression_of(file.bytes()).empty()) return decompress(file.bytes(), path.string());
  return {file.bytes().begin(), file.bytes().end()};
}

bool is_left_by_a_mac(const fs::path& name) {
  return std::ranges::any_of(name, [](const fs::path& part) {
    const std::string word = part.string();
    return word == "__MACOSX" || word == ".DS_Store" || word.starts_with("._");
  });
}

/// Unpacks one archive.
class Unpacker {
 public:
  Unpacker(const fs::path& archive, fs::path folder)
      : name_(archive.string()), folder_(std::move(folder)), bytes_(plain_bytes(archive)) {
    std::error_code ignored;
    left_ = most_inflated(fs::file_size(archive, ignored));
  }

  void run() {
    const Reader reader = open_archive(bytes_);
    if (!reader) throw InputError(name_ + ": cannot be read as a .zip or .tar archive");
    archive_entry* entry = nullptr;
    while (true) {
      const int result = archive_read_next_header(reader.get(), &entry);
      if (result == ARCHIVE_EOF) break;
      if (result < ARCHIVE_WARN) fail_in(reader, name_);
      take(reader, entry);
    }
    if (files_ == 0) throw InputError(name_ + ": holds no files");
  }

 private:
  [[noreturn]] static void fail_in(const Reader& reader, const std::string& place) {
    const char* const reason = archive_error_string(reader.get());
    throw InputError(place + ": is damaged or cut short: " + (reason != nullptr ? reason : "it cannot be read"));
  }

  void take(const Reader& reader, archive_entry* entry) {
    const char* text = archive_entry_pathname(entry);
    if (text == nullptr) text = archive_entry_pathname_utf8(entry);
    if (text == nullptr) throw InputError(name_ + ": holds an entry whose name cannot be read");
    const fs::path name(text);
    const std::string place = name_ + ", entry " + quoted(text);
    if (is_left_by_a_mac(name) || archive_entry_filetype(entry) == AE_IFDIR) return;
    const bool leads_out = name.is_absolute() || std::ranges::find(name, fs::path("..")) != name.end();
    if (leads_out || !name.has_filename()) throw InputError(place + ": its path leads out of the archive");
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
      throw InputError(place + ": is a link or a device, and only files and folders are taken");
    }
    if (archive_entry_is_encrypted(entry) != 0) throw InputError(place + ": is encrypted: unpack it yourself");
    if (++files_ > kMostFiles) throw InputError(name_ + ": holds more than " + std::to_string(kMostFiles) + " files");
    write(reader, folder_ / name, place);
  }

  void write(const Reader& reader, const fs::path& path, const std::string& place) {
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0) {
      throw InputError(place +
                       (errno == EEXIST ? ": is there twice" : ": cannot be unpacked: " + system_message(errno)));
    }
    std::array<char, std::size_t{1} << 16> buffer{};
    while (true) {
      const la_ssize_t got = archive_read_data(reader.get(), buffer.data(), buffer.size());
      if (got < 0) fail_in(reader, place);
      if (got == 0) break;
      if (static_cast<std::size_t>(got) > left_) {
        throw InputError(name_ + ": would unpack to far more than an honest archive of its size; unpack it yourself");
      }
      left_ -= static_cast<std::size_t>(got);
      if (!write_all(file.get(), {buffer.data(), static_cast<std::size_t>(got)})) {
        throw InternalError(path.string() + ": cannot be written: " + system_message(errno));
      }
    }
    if (!file.close()) throw InternalError(path.string() + ": cannot be written: " + system_message(errno));
  }

  std::string name_;
  fs::path folder_;
  std::vector<char> bytes_;
  std::size_t left_ = 0;
  std::size_t files_ = 0;
};

}  // namespace

bool is_archive(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return false;
  const std::string name = path.filename().string();
  const auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
  constexpr std::array<std::string_view, 9> kEndings{".zip",     ".tar",    ".tar.gz", ".tgz",    ".tar.zst",
                                                     ".tar.bz2", ".tar.xz", ".tbz2",   ".tar.lz4"};
  return std::ranges::any_of(kEndings, ends);
}

void unpack(const fs::path& archive, const fs::path& folder) { Unpacker(archive, folder).run(); }

}  // namespace kintsugi
