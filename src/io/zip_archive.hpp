#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

struct zip;

namespace kintsugi {

/// A zip archive in memory, read through libzip. Encrypted entries are not read, checksums are verified. Every member
/// throws InputError that names the archive and the rule.
class ZipArchive {
 public:
  /// `file` must outlive the archive; `origin` names it in messages.
  ZipArchive(std::span<const char> file, std::string origin);

  [[nodiscard]] const std::set<std::string>& names() const { return names_; }
  /// The same in the archive's order.
  [[nodiscard]] const std::vector<std::string>& ordered_names() const { return ordered_names_; }

  /// The content of a stored (not compressed) entry of at most `limit` bytes. It is never larger than the archive.
  [[nodiscard]] std::vector<char> read(const std::string& name, std::size_t limit) const;
  /// The same for an entry that may be deflated.
  [[nodiscard]] std::vector<char> inflate(const std::string& name, std::size_t limit) const;

 private:
  struct Discard {
    void operator()(zip* archive) const;
  };

  [[nodiscard]] std::vector<char> read_entry(const std::string& name, std::size_t limit, bool deflated_too) const;

  std::size_t bytes_;
  std::string origin_;
  std::unique_ptr<zip, Discard> archive_;
  std::set<std::string> names_;
  std::vector<std::string> ordered_names_;
};

}  // namespace kintsugi
