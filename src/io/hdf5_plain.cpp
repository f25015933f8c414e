#include "io/hdf5_plain.hpp"

#include <cstring>
#include <type_traits>

#include "kintsugi/core/error.hpp"

namespace kintsugi::h5 {

namespace {

/// Writes values one after another.
class Packer {
 public:
  template <class Number>
  requires std::is_arithmetic_v<Number> || std::is_enum_v<Number>
  void operator()(Number& value) {
    const auto* const first = reinterpret_cast<const char*>(&value);
    bytes_.insert(bytes_.end(), first, first + sizeof(Number));
  }
  void operator()(std::string& text) {
    count(text.size());
    bytes_.insert(bytes_.end(), text.begin(), text.end());
  }
  template <class Item>
  void operator()(std::vector<Item>& items) {
    count(items.size());
    for (Item& item : items) visit(*this, item);
  }
  std::vector<char> take() { return std::move(bytes_); }

 private:
  void count(std::uint64_t number) { (*this)(number); }
  std::vector<char> bytes_;
};

/// Reads what Packer wrote, and trusts none of it.
class Unpacker {
 public:
  Unpacker(std::span<const char> bytes, std::string origin) : rest_(bytes), origin_(std::move(origin)) {}

  template <class Number>
  requires std::is_arithmetic_v<Number> || std::is_enum_v<Number>
  void operator()(Number& value) { std::memcpy(&value, take(sizeof(Number)).data(), sizeof(Number)); }
  void operator()(std::string& text) {
    const std::span<const char> letters = take(count());
    text.assign(letters.begin(), letters.end());
  }
  template <class Item>
  void operator()(std::vector<Item>& items) {
    const std::uint64_t number = count();
    if (number > rest_.size()) fail();  // each takes a byte at least
    items.reserve(number);
    for (std::uint64_t i = 0; i < number; ++i) visit(*this, items.emplace_back());
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  void nest(int by) {
    constexpr int kDeepest = 100;
    depth_ += by;
    if (depth_ > kDeepest) fail();
  }
  [[noreturn]] void fail() const {
    throw InputError(origin_ + ": is damaged or crafted: reading it gave nonsense (in a process of its own)");
  }

 private:
  std::uint64_t count() {
    std::uint64_t number = 0;
    (*this)(number);
    return number;
  }
  std::span<const char> take(std::uint64_t size) {
    if (size > rest_.size()) fail();
    const std::span<const char> part = rest_.first(size);
    rest_ = rest_.subspan(size);
    return part;
  }
  std::span<const char> rest_;
  std::string origin_;
  int depth_ = 0;
};

template <class Archive>
void nest(Archive& archive, int by) {
  if constexpr (requires { archive.nest(by); }) archive.nest(by);
}

template <class Archive>
void visit(Archive& archive, std::string& text) {
  archive(text);
}

template <class Archive>
void visit(Archive& archive, std::uint64_t& number) {
  archive(number);
}

template <class Archive>
void visit(Archive& archive, PlainValues& values) {
  archive(values.name);
  archive(values.kind);
  archive(values.count);
  archive(values.in_file);
  archive(values.offset);
  archive(values.bytes);
  archive(values.texts);
}

template <class Archive>
void visit(Archive& archive, PlainDataset& set) {
  archive(set.name);
  archive(set.trouble);
  archive(set.is_table);
  archive(set.dims);
  archive(set.columns);
}

template <class Archive>
void visit(Archive& archive, PlainGroup& group) {
  nest(archive, 1);
  archive(group.name);
  archive(group.trouble);
  archive(group.groups);
  archive(group.datasets);
  archive(group.attributes);
  nest(archive, -1);
}

/// Whether there are as many elements as is said, so that whoever reads them need not ask.
bool is_whole(const PlainValues& values) {
  if (values.kind == Kind::text) return values.texts.size() == values.count;
  const std::uint64_t size = size_of(values.kind);
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(values.count, size, &bytes)) return false;
  return values.kind == Kind::other || values.in_file || values.bytes.size() == bytes;
}

bool is_whole(const PlainGroup& group) {
  for (const PlainGroup& each : group.groups) {
    if (!is_whole(each)) return false;
  }
  for (const PlainDataset& set : group.datasets) {
    std::uint64_t elements = 1;
    for (const std::uint64_t dim : set.dims) {
      if (__builtin_mul_overflow(elements, dim, &elements)) return false;
    }
    if (!set.trouble.empty()) continue;
    if (set.is_table ? set.dims.size() != 1 : set.columns.size() != 1) return false;
    for (const PlainValues& values : set.columns) {
      if (!is_whole(values) || (values.kind != Kind::other && values.count != elements)) return false;
    }
  }
  for (const PlainValues& values : group.attributes) {
    if (!is_whole(values) || values.in_file) return false;
  }
  return true;
}

}  // namespace

std::size_t size_of(Kind kind) {
  switch (kind) {
    case Kind::real32: return sizeof(float);
    case Kind::real64:
    case Kind::integer:
    case Kind::natural: return sizeof(std::uint64_t);
    case Kind::text:
    case Kind::other: break;
  }
  return 0;
}

std::vector<char> pack(PlainGroup& group) {
  Packer packer;
  visit(packer, group);
  return packer.take();
}

PlainGroup unpack(std::span<const char> bytes, const std::string& origin) {
  Unpacker unpacker(bytes, origin);
  PlainGroup group;
  visit(unpacker, group);
  if (!unpacker.at_end() || !is_whole(group)) unpacker.fail();
  return group;
}

}  // namespace kintsugi::h5
