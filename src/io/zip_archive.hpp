#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

struct zip;

namespace kintsugi {

/// A zip archive in memory, read through libzip. Only stored (not compressed, not encrypted) entries are read, and
/// their checksums are verified. Every member throws InputError that names the archive and the rule.
class ZipArchive {
 public:
  /// `file` must outlive the archive; `origin` names it in messages.
  ZipArchive(std::span<const char> file, std::string origin);

  [[nodiscard]] const std::set<std::string>& names() const { return names_; }

  /// The content of an entry of at most `limit` bytes. An entry is never larger than the archive.
  [[nodiscard]] std::vector<char> read(const std::string& name, std::size_t limit) const;

 private:
  struct Discard {
    void operator()(zip* archive) const;
  };

  std::size_t bytes_;
  std::string origin_;
  std::unique_ptr<zip, Discard> archive_;
  std::set<std::string> names_;
};

}  // namespace kintsugi
