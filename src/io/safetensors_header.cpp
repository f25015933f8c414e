#include "io/safetensors_header.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "io/elements.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::safetensors {

namespace {

struct Dtype {
  std::string_view word;
  TensorType type;
};

constexpr std::array kDtypes{
    Dtype{"F16", TensorType::float16},
    Dtype{"BF16", TensorType::bfloat16},
    Dtype{"F32", TensorType::float32},
    Dtype{"F64", TensorType::float64},
    Dtype{"F8_E4M3", TensorType::float8_e4m3fn},
    Dtype{"F8_E5M2", TensorType::float8_e5m2},
    Dtype{"F8_E4M3FNUZ", TensorType::float8_e4m3fnuz},
    Dtype{"F8_E5M2FNUZ", TensorType::float8_e5m2fnuz},
    Dtype{"F8_E8M0", TensorType::float8_e8m0fnu},
    Dtype{"BOOL", TensorType::boolean},
    Dtype{"U8", TensorType::uint8},
    Dtype{"I8", TensorType::int8},
    Dtype{"I16", TensorType::int16},
    Dtype{"U16", TensorType::uint16},
    Dtype{"I32", TensorType::int32},
    Dtype{"U32", TensorType::uint32},
    Dtype{"I64", TensorType::int64},
    Dtype{"U64", TensorType::uint64},
    Dtype{"C64", TensorType::complex64},
};

/// Takes the parser's events one by one and allows only what a header has, so that nothing else is ever built.
class HeaderReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderReader(const std::string& origin) : origin_(origin) {}

  Header take() { return std::move(header_); }

  bool start_object(std::size_t) override {
    switch (place_) {
      case Place::outside: place_ = Place::header; return true;
      case Place::value: place_ = in_metadata_ ? Place::metadata : Place::tensor; return true;
      default: fail("holds an object where none may be");
    }
  }

  bool end_object() override {
    if (place_ == Place::header) {
      place_ = Place::outside;
      return true;
    }
    if (place_ == Place::tensor && fields_.size() != 3) fail("needs dtype, shape and data_offsets");
    if (place_ == Place::tensor && header_.entries.back().offsets.size() != 2) fail("needs two data_offsets");
    place_ = Place::header;
    return true;
  }

  bool key(string_t& name) override {
    switch (place_) {
      case Place::header:
        current_ = name;
        if (!names_.insert(name).second) fail("appears twice");
        in_metadata_ = name == "__metadata__";
        fields_.clear();
        if (!in_metadata_) header_.entries.emplace_back().name = name;
        place_ = Place::value;
        return true;
      case Place::tensor:
        if (name != "dtype" && name != "shape" && name != "data_offsets") {
          fail("has the field '" + printable(name) + "'; known are dtype, shape and data_offsets");
        }
        if (!fields_.insert(name).second) fail("has the field '" + name + "' twice");
        field_ = name;
        return true;
      default: field_ = name; return true;  // names in the metadata are anybody's
    }
  }

  bool string(string_t& text) override {
    if (place_ == Place::metadata) {
      header_.metadata[field_] = text;
      return true;
    }
    if (place_ != Place::tensor || field_ != "dtype") fail("holds a text where none may be");
    Entry& entry = header_.entries.back();
    const auto found = std::ranges::find(kDtypes, text, &Dtype::word);
    if (found == kDtypes.end()) {
      entry.problem = "has the dtype '" + printable(text) + "', which is not read; save it as F32";
      return true;
    }
    entry.type = found->type;
    if (!is_readable(entry.type)) entry.problem = "has complex numbers, which are not read";
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::tensor || field_ == "dtype") fail("holds an array where none may be");
    place_ = Place::numbers;
    return true;
  }

  bool end_array() override {
    place_ = Place::tensor;
    return true;
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::numbers) fail("holds a number where none may be");
    Entry& entry = header_.entries.back();
    const bool is_shape = field_ == "shape";
    std::vector<std::uint64_t>& list = is_shape ? entry.shape : entry.offsets;
    if (list.size() == (is_shape ? kMaxDimensions : 2)) fail("has too many numbers in '" + field_ + "'");
    list.push_back(value);
    return true;
  }

  bool null() override { fail("holds null"); }
  bool boolean(bool) override { fail("holds a boolean"); }
  bool number_integer(number_integer_t) override { fail("holds a negative number"); }
  bool number_float(number_float_t, const string_t&) override { fail("holds a number that is no integer of 64 bits"); }
  bool binary(binary_t&) override { fail("holds binary data"); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    throw InputError(origin_ + ", header: is not valid JSON at byte " + std::to_string(position));
  }

 private:
  enum class Place { outside, header, value, tensor, numbers, metadata };

  [[noreturn]] void fail(const std::string& rule) const {
    const std::string place = current_.empty() ? "" : " '" + printable(current_) + "'";
    throw InputError(origin_ + ", header" + (place.empty() ? ":" : "," + place + ":") + " " + rule);
  }

  const std::string& origin_;
  Place place_ = Place::outside;
  bool in_metadata_ = false;
  std::string current_;  ///< the entry being read
  std::string field_;
  std::set<std::string> names_;
  std::set<std::string> fields_;
  Header header_;
};

}  // namespace

Header parse_header(std::span<const char> text, const std::string& origin) {
  HeaderReader reader(origin);
  // Throws from the reader, whose events never return false.
  static_cast<void>(nlohmann::json::sax_parse(text.begin(), text.end(), &reader));
  return reader.take();
}

}  // namespace kintsugi::safetensors
