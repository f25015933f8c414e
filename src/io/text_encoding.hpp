#pragma once

#include <span>
#include <string>
#include <string_view>

namespace kintsugi {

/// The text in `bytes` as UTF-8, or as an encoding of which ASCII is a part, without a byte-order mark: a view of
/// `bytes` or, where they are UTF-16 (told by the mark, or by the zero bytes of plain letters), of `store`, which is
/// written then. Throws InputError that names `origin` and what was seen: UTF-32, half a character, bytes that no text
/// has.
[[nodiscard]] std::string_view decode_text(std::span<const char> bytes, const std::string& origin, std::string& store);

}  // namespace kintsugi
