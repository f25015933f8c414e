#include "io/elements.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <bit>
#include <cstring>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

static_assert(std::endian::native == std::endian::little, "tensors are stored little-endian and taken as they are");

std::string_view to_string(TensorType type) {
  switch (type) {
    case TensorType::float16: return "float16";
    case TensorType::bfloat16: return "bfloat16";
    case TensorType::float32: return "float32";
    case TensorType::float64: return "float64";
  }
  throw InternalError("unknown tensor type");
}

std::size_t element_size(TensorType type) {
  switch (type) {
    case TensorType::float16:
    case TensorType::bfloat16: return 2;
    case TensorType::float32: return 4;
    case TensorType::float64: return 8;
  }
  throw InternalError("unknown tensor type");
}

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

template <class Bits>
Bits load(const char* at) {
  Bits bits;
  std::memcpy(&bits, at, sizeof(Bits));
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

std::vector<double> read_elements(TensorType type, std::span<const char> storage, const StridedView& view) {
  const std::size_t size = element_size(type);
  const char* const start = storage.data();
  switch (type) {
    case TensorType::float16:
      return gather(view, size, start, [](const char* at) { return from_half(load<std::uint16_t>(at)); });
    case TensorType::bfloat16:
      return gather(view, size, start, [](const char* at) { return from_bfloat(load<std::uint16_t>(at)); });
    case TensorType::float32:
      return gather(view, size, start, [](const char* at) { return static_cast<double>(load<float>(at)); });
    case TensorType::float64: return gather(view, size, start, [](const char* at) { return load<double>(at); });
  }
  throw InternalError("unknown tensor type");
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
