#include "io/zip_archive.hpp"

#include <zip.h>

#include <algorithm>
#include <limits>

#include "io/tensor.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

std::size_t most_inflated(std::size_t bytes) {
  constexpr std::size_t kFactor = 100;
  constexpr std::size_t kOfSmallFiles = std::size_t{16} << 20;
  std::size_t most = 0;
  if (__builtin_mul_overflow(bytes, kFactor, &most)) return std::numeric_limits<std::size_t>::max();
  return std::max(most, kOfSmallFiles);
}

void ZipArchive::Discard::operator()(zip* archive) const { zip_discard(archive); }

ZipArchive::ZipArchive(std::span<const char> file, std::string origin)
    : bytes_(file.size()), origin_(std::move(origin)) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(file.data(), file.size(), 0, &error);
  if (source != nullptr) {
    archive_.reset(zip_open_from_source(source, ZIP_RDONLY, &error));
    if (archive_ == nullptr) zip_source_free(source);
  }
  const std::string message = zip_error_strerror(&error);
  zip_error_fini(&error);
  if (archive_ == nullptr) throw InputError(origin_ + ": is not a whole zip archive (truncated?): " + message);

  const zip_int64_t entries = zip_get_num_entries(archive_.get(), 0);
  for (zip_int64_t i = 0; i < entries; ++i) {
    const char* name = zip_get_name(archive_.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
    if (name == nullptr || !names_.insert(name).second) {
      throw InputError(origin_ + ": entry " + std::to_string(i) + " of the archive has no name of its own");
    }
    ordered_names_.emplace_back(name);
  }
}

void ZipArchive::fail(const std::string& name, const std::string& rule) const {
  throw InputError(origin_ + ", entry '" + printable(name) + "': " + rule);
}

ZipArchive::Facts ZipArchive::facts_of(const std::string& name) const {
  zip_stat_t facts;
  if (zip_stat(archive_.get(), name.c_str(), ZIP_FL_ENC_RAW, &facts) != 0) fail(name, "is missing");
  constexpr zip_uint64_t kNeeded =
      ZIP_STAT_INDEX | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
  if ((facts.valid & kNeeded) != kNeeded) fail(name, "has no size");
  if (facts.encryption_method != ZIP_EM_NONE) fail(name, "is encrypted");
  const bool is_stored = facts.comp_method == ZIP_CM_STORE;
  if (!is_stored && zip_compression_method_supported(facts.comp_method, 0) == 0) {
    fail(name, "is compressed by a method that is not known here (number " + std::to_string(facts.comp_method) + ")");
  }
  if (is_stored && facts.size != facts.comp_size) fail(name, "is stored as it is, but has two different sizes");
  if (facts.comp_size > bytes_ || (is_stored && facts.size > bytes_)) {
    fail(name, "claims " + std::to_string(facts.size) + " bytes, more than the file has");
  }
  const bool has_checksum = (facts.valid & ZIP_STAT_CRC) != 0 && facts.crc != 0;
  return {facts.index, facts.size, has_checksum};
}

std::vector<char> ZipArchive::read(const std::string& name, std::size_t limit) const {
  const Facts facts = facts_of(name);
  if (facts.size > limit) {
    fail(name, "has " + std::to_string(facts.size) + " bytes, more than the limit of " + std::to_string(limit));
  }
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> entry(zip_fopen_index(archive_.get(), facts.index, 0),
                                                                &zip_fclose);
  if (entry == nullptr) fail(name, std::string("cannot be opened: ") + zip_strerror(archive_.get()));
  std::vector<char> content(facts.size);
  const zip_int64_t got = zip_fread(entry.get(), content.data(), content.size());
  // libzip verifies the checksum when it meets the end, which is one byte further.
  char beyond = 0;
  const zip_int64_t past = facts.has_checksum ? zip_fread(entry.get(), &beyond, 1) : 0;
  if (got != static_cast<zip_int64_t>(content.size()) || past != 0) {
    fail(name, std::string("is damaged: ") + zip_error_strerror(zip_file_get_error(entry.get())));
  }
  return content;
}

}  // namespace kintsugi
