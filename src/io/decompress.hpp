#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kintsugi {

/// The name of the compression that `file` begins with the signature of: gzip, zstd, bzip2, xz, lz4 or lzip; empty: of
/// none of them.
[[nodiscard]] std::string_view compression_of(std::span<const char> file);

/// What a file compressed by one of these holds; several members or frames one after the other are one content.
/// Checksums are verified, and the content may be at most 100 times as long as the file (see most_inflated()).
/// Throws InputError that names `origin`, the compression and the rule: torn, damaged, too large.
[[nodiscard]] std::vector<char> decompress(std::span<const char> file, const std::string& origin);

}  // namespace kintsugi
