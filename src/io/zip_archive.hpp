#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

struct zip;

namespace kintsugi {

/// The most bytes that a compressed file of that size may hold: honest weights hardly compress at all, only a bomb
/// expands a hundredfold. Small files may hold 16 MiB in any case.
[[nodiscard]] std::size_t most_inflated(std::size_t bytes);

/// A zip archive in memory, read through libzip. Encrypted entries are not read. Checksums are verified where there are
/// some: an entry whose checksum is 0 was written without. Every member throws InputError that names the archive and
/// the rule.
class ZipArchive {
 public:
  /// `file` must outlive the archive; `origin` names it in messages.
  ZipArchive(std::span<const char> file, std::string origin);

  [[nodiscard]] const std::set<std::string>& names() const { return names_; }
  /// The same in the archive's order.
  [[nodiscard]] const std::vector<std::string>& ordered_names() const { return ordered_names_; }

  /// The content of an entry, stored or compressed, of at most `limit` bytes.
  [[nodiscard]] std::vector<char> read(const std::string& name, std::size_t limit) const;

 private:
  struct Discard {
    void operator()(zip* archive) const;
  };
  struct Facts {
    std::uint64_t index;
    std::size_t size;
    bool has_checksum;
  };

  [[noreturn]] void fail(const std::string& name, const std::string& rule) const;
  [[nodiscard]] Facts facts_of(const std::string& name) const;

  std::size_t bytes_;
  std::string origin_;
  std::unique_ptr<zip, Discard> archive_;
  std::set<std::string> names_;
  std::vector<std::string> ordered_names_;
};

}  // namespace kintsugi
