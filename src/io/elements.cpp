#include "io/elements.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

static_assert(std::endian::native == std::endian::little, "tensors are stored little-endian and taken as they are");

std::optional<std::uint64_t> count_elements(std::span<const std::uint64_t> shape) {
  std::uint64_t elements = 1;
  // A size of 0 is no reason to let the others overflow.
  for (const std::uint64_t size : shape) {
    if (__builtin_mul_overflow(elements, std::max<std::uint64_t>(size, 1), &elements)) return std::nullopt;
  }
  return std::ranges::find(shape, 0U) == shape.end() ? elements : 0;
}

std::optional<std::uint64_t> count_bytes(TensorType type, std::span<const std::uint64_t> shape) {
  const std::optional<std::uint64_t> elements = count_elements(shape);
  std::uint64_t bytes = 0;
  if (!elements || __builtin_mul_overflow(*elements, std::uint64_t{element_size(type)}, &bytes)) return std::nullopt;
  return bytes;
}

StridedView dense_view(std::vector<std::uint64_t> shape, bool column_major) {
  StridedView view;
  view.strides.resize(shape.size());
  std::uint64_t stride = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::size_t axis = column_major ? i : shape.size() - 1 - i;
    view.strides[axis] = stride;
    stride *= shape[axis];
  }
  view.elements = stride;
  view.shape = std::move(shape);
  return view;
}

namespace {

double from_half(std::uint16_t bits) { return static_cast<float>(Eigen::numext::bit_cast<Eigen::half>(bits)); }

double from_bfloat(std::uint16_t bits) { return static_cast<float>(Eigen::numext::bit_cast<Eigen::bfloat16>(bits)); }

/// A float of eight bits: a sign, `exponent_bits`, the rest a fraction.
struct Float8 {
  int exponent_bits;
  int bias;
  bool has_infinity;       ///< the highest exponent is for infinity and NaN, as IEEE 754 has it
  bool nan_is_minus_zero;  ///< the one NaN stands where -0 would ("fnuz")
};

double from_float8(std::uint8_t bits, const Float8& format) {
  const int fraction_bits = 7 - format.exponent_bits;
  const int exponent = (bits & 0x7F) >> fraction_bits;
  const int fraction = bits & ((1 << fraction_bits) - 1);
  const int highest = (1 << format.exponent_bits) - 1;
  const double sign = (bits & 0x80) != 0 ? -1 : 1;
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  if (format.nan_is_minus_zero) {
    if (bits == 0x80) return kNan;
  } else if (format.has_infinity) {
    if (exponent == highest) return fraction == 0 ? sign * std::numeric_limits<double>::infinity() : kNan;
  } else if ((bits & 0x7F) == 0x7F) {
    return kNan;
  }
  const double scale = std::ldexp(1.0, 1 - format.bias - fraction_bits);
  if (exponent == 0) return sign * fraction * scale;
  return sign * std::ldexp((fraction + (1 << fraction_bits)) * scale, exponent - 1);
}

constexpr Float8 kE4m3fn{4, 7, false, false};
constexpr Float8 kE5m2{5, 15, true, false};
constexpr Float8 kE4m3fnuz{4, 8, false, true};
constexpr Float8 kE5m2fnuz{5, 16, false, true};

/// A power of two.
double from_e8m0(std::uint8_t bits) {
  constexpr int kBias = 127;
  return bits == 0xFF ? std::numeric_limits<double>::quiet_NaN() : std::ldexp(1.0, bits - kBias);
}

template <class Bits>
Bits load(const char* at, bool swap) {
  Bits bits;
  std::memcpy(&bits, at, sizeof(Bits));
  if constexpr (sizeof(Bits) > 1) {
    if (swap) {
      auto* const bytes = reinterpret_cast<unsigned char*>(&bits);
      std::reverse(bytes, bytes + sizeof(Bits));
    }
  }
  return bits;
}

template <class Element>
std::vector<double> gather(const StridedView& view, std::size_t size, const char* storage, Element element) {
  std::vector<double> values(view.elements);
  std::vector<std::uint64_t> index(view.shape.size(), 0);
  const std::size_t last = view.shape.empty() ? 0 : view.shape.size() - 1;
  const std::uint64_t run = view.shape.empty() ? 1 : view.shape[last];
  const std::uint64_t step = view.shape.empty() ? 0 : view.strides[last];
  for (std::size_t out = 0; out < values.size(); out += run) {
    std::uint64_t at = view.offset;
    for (std::size_t i = 0; i < last; ++i) at += index[i] * view.strides[i];
    for (std::uint64_t i = 0; i < run; ++i) values[out + i] = element(storage + (at + i * step) * size);
    for (std::size_t i = last; i-- > 0;) {  // the next run's index, counted as an odometer
      if (++index[i] < view.shape[i]) break;
      index[i] = 0;
    }
  }
  return values;
}

}  // namespace

std::vector<double> read_elements(TensorType type, std::span<const char> storage, const StridedView& view,
                                  bool big_endian) {
  const std::size_t size = element_size(type);
  const auto each = [&](auto element) { return gather(view, size, storage.data(), element); };
  const auto number = [&](auto like) {
    using Number = decltype(like);
    if (big_endian) return each([](const char* at) { return static_cast<double>(load<Number>(at, true)); });
    return each([](const char* at) { return static_cast<double>(load<Number>(at, false)); });
  };
  const auto float8 = [&](const Float8& format) {
    return each([&](const char* at) { return from_float8(load<std::uint8_t>(at, false), format); });
  };
  switch (type) {
    case TensorType::float16:
      return each([=](const char* at) { return from_half(load<std::uint16_t>(at, big_endian)); });
    case TensorType::bfloat16:
      return each([=](const char* at) { return from_bfloat(load<std::uint16_t>(at, big_endian)); });
    case TensorType::float32: return number(float{});
    case TensorType::float64: return number(double{});
    case TensorType::float8_e4m3fn: return float8(kE4m3fn);
    case TensorType::float8_e5m2: return float8(kE5m2);
    case TensorType::float8_e4m3fnuz: return float8(kE4m3fnuz);
    case TensorType::float8_e5m2fnuz: return float8(kE5m2fnuz);
    case TensorType::float8_e8m0fnu:
      return each([](const char* at) { return from_e8m0(load<std::uint8_t>(at, false)); });
    case TensorType::boolean: return each([](const char* at) { return *at != 0 ? 1.0 : 0.0; });
    case TensorType::uint8: return number(std::uint8_t{});
    case TensorType::int8: return number(std::int8_t{});
    case TensorType::int16: return number(std::int16_t{});
    case TensorType::uint16: return number(std::uint16_t{});
    case TensorType::int32: return number(std::int32_t{});
    case TensorType::uint32: return number(std::uint32_t{});
    case TensorType::int64: return number(std::int64_t{});
    case TensorType::uint64: return number(std::uint64_t{});
    default: throw InternalError("numbers of the type " + std::string(to_string(type)) + " cannot be read");
  }
}

bool fits_float32(std::span<const double> values) {
  return std::ranges::all_of(values, [](double v) { return static_cast<double>(static_cast<float>(v)) == v; });
}

namespace {

template <class Real>
void append_as(std::vector<char>& bytes, std::span<const double> values) {
  for (const double value : values) {
    const auto stored = static_cast<Real>(value);
    const char* const at = reinterpret_cast<const char*>(&stored);
    bytes.insert(bytes.end(), at, at + sizeof(Real));
  }
}

}  // namespace

void append_elements(std::vector<char>& bytes, TensorType type, std::span<const double> values) {
  bytes.reserve(bytes.size() + values.size() * element_size(type));
  switch (type) {
    case TensorType::float32: return append_as<float>(bytes, values);
    case TensorType::float64: return append_as<double>(bytes, values);
    default: throw InternalError("append_elements: only float32 and float64 are written");
  }
}

}  // namespace kintsugi
