#include "io/decompress.hpp"

#include <archive.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>

#include "core/stop.hpp"
#include "io/zip_archive.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

constexpr std::size_t kChunk = std::size_t{1} << 18;

struct Signature {
  std::string_view bytes;
  std::string_view name;
};

constexpr std::array<Signature, 6> kSignatures{{{{"\x1f\x8b\x08", 3}, "gzip"},
                                                {{"\x28\xb5\x2f\xfd", 4}, "zstd"},
                                                {{"BZh", 3}, "bzip2"},
                                                {{"\xfd\x37zXZ\0", 6}, "xz"},
                                                {{"\x04\x22\x4d\x18", 4}, "lz4"},
                                                {{"LZIP", 4}, "lzip"}}};

/// Collects what comes out, up to the limit.
class Output {
 public:
  Output(std::size_t limit, std::string place) : limit_(limit), place_(std::move(place)) {}

  void append(const char* data, std::size_t size) {
    throw_if_stopped();
    if (size > limit_ - content_.size()) {
      fail("would unpack to more than " + std::to_string(limit_) + " bytes; unpack it yourself if that is right");
    }
    content_.insert(content_.end(), data, data + size);
  }
  [[noreturn]] void fail(const std::string& rule) const { throw InputError(place_ + rule); }
  [[nodiscard]] std::vector<char> take() { return std::move(content_); }

 private:
  std::size_t limit_;
  std::string place_;
  std::vector<char> content_;
};

/// Owns zlib's state.
class Inflater {
 public:
  Inflater() {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw InternalError("zlib cannot be started");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
};

/// By zlib, which verifies each member's checksum; libarchive does not.
void gunzip(std::span<const char> file, Output& output) {
  Inflater inflater;
  z_stream& stream = inflater.stream();
  const auto buffer = std::make_unique_for_overwrite<char[]>(kChunk);
  std::span<const char> rest = file;
  int result = Z_OK;
  while (true) {
    const std::size_t given = std::min<std::size_t>(rest.size(), std::numeric_limits<uInt>::max());
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): zlib does not write to its input
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = reinterpret_cast<Bytef*>(buffer.get());
    stream.avail_out = static_cast<uInt>(kChunk);
    result = inflate(&stream, Z_NO_FLUSH);
    rest = rest.subspan(given - stream.avail_in);
    output.append(buffer.get(), kChunk - stream.avail_out);
    if (result == Z_STREAM_END) {
      if (compression_of(rest) != "gzip") break;
      inflateReset(&stream);
    } else if (result == Z_BUF_ERROR && rest.empty()) {
      output.fail("is cut short (is the download complete?)");
    } else if (result != Z_OK) {
      output.fail(std::string("is damaged: ") + (stream.msg != nullptr ? stream.msg : "zlib cannot read it"));
    }
  }
  // tar and tape drives pad with zeros.
  if (std::ranges::any_of(rest, [](char c) { return c != 0; })) output.fail("goes on with other bytes behind its end");
}

struct CloseArchive {
  void operator()(archive* handle) const { archive_read_free(handle); }
};

void unpack_by_libarchive(std::span<const char> file, Output& output) {
  const std::unique_ptr<archive, CloseArchive> handle(archive_read_new());
  if (!handle) throw InternalError("libarchive cannot be started");
  // Where libarchive lacks one of them it would start a program: not one of those.
  for (const auto support :
       {archive_read_support_filter_bzip2, archive_read_support_filter_xz, archive_read_support_filter_zstd,
        archive_read_support_filter_lz4, archive_read_support_filter_lzip}) {
    if (support(handle.get()) != ARCHIVE_OK) throw InternalError("libarchive was built without a compression");
  }
  archive_read_support_format_raw(handle.get());
  archive_entry* entry = nullptr;
  const auto check = [&](la_ssize_t result) {
    if (result >= 0) return;
    const char* const reason = archive_error_string(handle.get());
    output.fail(std::string("is damaged or cut short: ") + (reason != nullptr ? reason : "it cannot be read"));
  };
  check(archive_read_open_memory(handle.get(), file.data(), file.size()));
  check(archive_read_next_header(handle.get(), &entry));
  const auto buffer = std::make_unique_for_overwrite<char[]>(kChunk);
  while (true) {
    const la_ssize_t got = archive_read_data(handle.get(), buffer.get(), kChunk);
    check(got);
    if (got == 0) break;
    output.append(buffer.get(), static_cast<std::size_t>(got));
  }
}

}  // namespace

std::string_view compression_of(std::span<const char> file) {
  const std::string_view bytes(file.data(), file.size());
  const auto found = std::ranges::find_if(kSignatures, [&](const Signature& s) { return bytes.starts_with(s.bytes); });
  return found == kSignatures.end() ? std::string_view() : found->name;
}

std::vector<char> decompress(std::span<const char> file, const std::string& origin) {
  const std::string name(compression_of(file));
  Output output(most_inflated(file.size()), origin + ": is compressed by " + name + " and ");
  if (name == "gzip") {
    gunzip(file, output);
  } else {
    unpack_by_libarchive(file, output);
  }
  return output.take();
}

}  // namespace kintsugi
