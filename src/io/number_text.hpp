#pragma once

#include <string>
#include <string_view>

#include "io/decimal.hpp"

namespace kintsugi {

/// A field without the blanks around it, and without double quotes around what is left.
[[nodiscard]] std::string_view bare_field(std::string_view field);

/// Whether a bare field is a number in any of the spellings that parse_number() reads.
[[nodiscard]] bool is_number(std::string_view field, bool decimal_comma);

/// What a decimal comma could also be: "1,234" groups thousands, or is a little more than one.
[[nodiscard]] bool could_group_thousands(std::string_view field);

/// The number in a bare field, as people and programs write it: +1.5, .5, 5., 1.5D+03, a minus sign of Unicode,
/// 1e-400 (zero). Throws InputError that begins with `place` and says why it is none: blank, a word for a missing
/// value, not finite, thousands separators, another decimal mark than elsewhere, too large.
[[nodiscard]] Decimal parse_number(std::string_view field, bool decimal_comma, const std::string& place);

}  // namespace kintsugi
