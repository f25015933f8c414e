// What torch.save makes of an OrderedDict of tensors: a zip archive of a pickle (protocol 2), which names a storage for
// each tensor, and one stored entry of raw numbers for each storage.

#include <zip.h>

#include <cstring>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

#include "io/elements.hpp"
#include "io/state_dict.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

/// Writes the few opcodes that are needed.
class PickleWriter {
 public:
  PickleWriter() { bytes_ = "\x80\x02"; }

  void op(std::string_view code) { bytes_ += code; }

  void text(const std::string& value) {
    bytes_ += 'X';
    little(value.size(), 4);
    bytes_ += value;
  }

  void integer(std::uint64_t value) {
    if (value < 1U << 8) {
      bytes_ += 'K';
      little(value, 1);
    } else if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
      bytes_ += 'J';
      little(value, 4);
    } else {
      bytes_ += "\x8a\x08";  // LONG1: eight bytes follow
      little(value, 8);
    }
  }

  void tuple(std::span<const std::uint64_t> values) {
    op("(");
    for (const std::uint64_t value : values) integer(value);
    op("t");
  }

  void ordered_dict() { op("ccollections\nOrderedDict\n)R"); }

  /// _rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())
  void tensor(const StateEntry& entry, const std::string& key, TensorType type) {
    const StridedView view = dense_view(entry.shape);
    op("ctorch._utils\n_rebuild_tensor_v2\n((");
    text("storage");
    op(type == TensorType::float32 ? "ctorch\nFloatStorage\n" : "ctorch\nDoubleStorage\n");
    text(key);
    text("cpu");
    integer(entry.values.size());
    op("tQ");
    integer(0);
    tuple(view.shape);
    tuple(view.strides);
    op("\x89");
    ordered_dict();
    op("tR");
  }

  [[nodiscard]] std::string finish() { return std::move(bytes_) + '.'; }

 private:
  void little(std::uint64_t value, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) bytes_ += static_cast<char>((value >> (8 * i)) & 0xff);
  }

  std::string bytes_;
};

std::string state_dict_pickle(std::span<const StateEntry> entries, TensorType type) {
  PickleWriter pickle;
  pickle.ordered_dict();
  pickle.op("(");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    pickle.text(entries[i].name);
    pickle.tensor(entries[i], std::to_string(i), type);
  }
  pickle.op("u");
  return pickle.finish();
}

/// A zip archive that is made in memory. Its entries' contents must live until finish().
class ZipWriter {
 public:
  ZipWriter() : source_(zip_source_buffer_create(nullptr, 0, 0, nullptr), &zip_source_free) {
    if (source_ == nullptr) fail("no memory");
    archive_ = zip_open_from_source(source_.get(), ZIP_TRUNCATE, nullptr);
    if (archive_ == nullptr) fail("cannot be started");
    zip_source_keep(source_.get());  // closing the archive gives one of the two references back
  }
  ~ZipWriter() {
    if (archive_ != nullptr) zip_discard(archive_);
  }
  ZipWriter(const ZipWriter&) = delete;
  ZipWriter& operator=(const ZipWriter&) = delete;

  void add(const std::string& name, std::span<const char> content) {
    zip_source_t* const data = zip_source_buffer(archive_, content.data(), content.size(), 0);
    const zip_int64_t index = data == nullptr ? -1 : zip_file_add(archive_, name.c_str(), data, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(data);
      fail(zip_strerror(archive_));
    }
    const auto entry = static_cast<zip_uint64_t>(index);
    constexpr time_t kEpoch = 315'532'800;  // 1980, where zip's calendar begins
    if (zip_set_file_compression(archive_, entry, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_mtime(archive_, entry, kEpoch, 0) != 0) {
      fail(zip_strerror(archive_));
    }
  }

  [[nodiscard]] std::vector<char> finish() {
    if (zip_close(archive_) != 0) fail(zip_strerror(archive_));
    archive_ = nullptr;
    zip_stat_t facts;
    if (zip_source_open(source_.get()) != 0 || zip_source_stat(source_.get(), &facts) != 0) fail("cannot be read back");
    std::vector<char> bytes(facts.size);
    const zip_int64_t got = zip_source_read(source_.get(), bytes.data(), bytes.size());
    zip_source_close(source_.get());
    if (got != static_cast<zip_int64_t>(bytes.size())) fail("cannot be read back");
    return bytes;
  }

 private:
  [[noreturn]] static void fail(const std::string& reason) {
    throw InternalError("a zip archive cannot be made: " + reason);
  }

  std::unique_ptr<zip_source_t, decltype(&zip_source_free)> source_;
  zip_t* archive_ = nullptr;
};

}  // namespace

std::vector<char> pth_file(std::span<const StateEntry> entries, TensorType type, const ModelFacts& facts) {
  const std::string facts_text = nlohmann::json(facts).dump();
  const std::string pickle = state_dict_pickle(entries, type);
  constexpr std::string_view kByteOrder = "little";
  constexpr std::string_view kVersion = "3\n";
  std::vector<std::vector<char>> storages(entries.size());
  ZipWriter zip;
  zip.add("archive/data.pkl", pickle);
  zip.add("archive/byteorder", kByteOrder);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    append_elements(storages[i], type, entries[i].values);
    zip.add("archive/data/" + std::to_string(i), storages[i]);
  }
  zip.add("archive/version", kVersion);
  zip.add(std::string("archive/").append(kFactsEntry), facts_text);
  return zip.finish();
}

}  // namespace kintsugi
