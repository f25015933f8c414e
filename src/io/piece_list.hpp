#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kintsugi {

/// Keys of a JSON object that holds an answer; the first that is there counts.
inline constexpr std::array<std::string_view, 4> kAnswerKeys{"permutation", "answer", "solution", "order"};
/// Keys of a JSON object that holds the expand pieces.
inline constexpr std::array<std::string_view, 2> kRoleKeys{"expand", "roles"};

/// Numbers of pieces as people write them into text files: by comma, blank or line, as a JSON or Python list, or as a
/// JSON object with one of `keys`; in UTF-8 or UTF-16, with or without a byte-order mark. Throws InputError that names
/// `origin`, the place and what is wanted.
[[nodiscard]] std::vector<int> parse_piece_list(std::span<const char> bytes, std::span<const std::string_view> keys,
                                                const std::string& origin);

}  // namespace kintsugi
