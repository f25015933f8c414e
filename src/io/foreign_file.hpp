#pragma once

#include <span>
#include <string>

namespace kintsugi {

/// Throws InputError that names `origin`, the kind of file and the remedy, where `file` begins like one of a kind that
/// people have but that is read nowhere here: Parquet, Feather, Excel, a web page, a pointer of Git LFS, and so on.
void refuse_foreign(std::span<const char> file, const std::string& origin);

}  // namespace kintsugi
