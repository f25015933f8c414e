#include "io/zip_archive.hpp"

#include <zip.h>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

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

std::vector<char> ZipArchive::read(const std::string& name, std::size_t limit) const {
  return read_entry(name, limit, false);
}

std::vector<char> ZipArchive::inflate(const std::string& name, std::size_t limit) const {
  return read_entry(name, limit, true);
}

std::vector<char> ZipArchive::read_entry(const std::string& name, std::size_t limit, bool deflated_too) const {
  const auto fail = [&](const std::string& rule) { throw InputError(origin_ + ", entry '" + name + "': " + rule); };
  zip_stat_t facts;
  if (zip_stat(archive_.get(), name.c_str(), ZIP_FL_ENC_RAW, &facts) != 0) fail("is missing");
  constexpr zip_uint64_t kNeeded =
      ZIP_STAT_INDEX | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
  if ((facts.valid & kNeeded) != kNeeded) fail("has no size");
  if (facts.encryption_method != ZIP_EM_NONE) fail("is encrypted");
  if (facts.comp_method != ZIP_CM_STORE && (!deflated_too || facts.comp_method != ZIP_CM_DEFLATE)) {
    fail(deflated_too ? "is compressed by another method than deflate" : "is compressed, but must be stored as it is");
  }
  const bool stored = facts.comp_method == ZIP_CM_STORE;
  if (stored && facts.size != facts.comp_size) fail("is stored as it is, but has two different sizes");
  if (facts.comp_size > bytes_ || (stored && facts.size > bytes_)) {
    fail("claims " + std::to_string(facts.size) + " bytes, more than the file has");
  }
  if (facts.size > limit) {
    fail("has " + std::to_string(facts.size) + " bytes, more than the limit of " + std::to_string(limit));
  }
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> entry(zip_fopen_index(archive_.get(), facts.index, 0),
                                                                &zip_fclose);
  if (entry == nullptr) fail(std::string("cannot be opened: ") + zip_strerror(archive_.get()));
  std::vector<char> content(facts.size);
  // One byte more than the size: libzip verifies the checksum when it meets the end.
  char beyond = 0;
  const zip_int64_t got = zip_fread(entry.get(), content.data(), content.size());
  const zip_int64_t past = zip_fread(entry.get(), &beyond, 1);
  if (got != static_cast<zip_int64_t>(content.size()) || past != 0) {
    fail(std::string("is damaged: ") + zip_error_strerror(zip_file_get_error(entry.get())));
  }
  return content;
}

}  // namespace kintsugi
