#include <algorithm>
#include <cstring>

#include "io/hdf5_checks.hpp"
#include "io/hdf5_reader.hpp"

namespace kintsugi::h5 {

namespace {

std::string place_of(const Group& object, const std::string& name) {
  return object.name + ", attribute '" + name + "'";
}

const PlainValues* find(const Group& object, const std::string& name) {
  if (object.content == nullptr) return nullptr;
  const auto found = std::ranges::find(object.content->attributes, name, &PlainValues::name);
  return found == object.content->attributes.end() ? nullptr : &*found;
}

const PlainValues& single(const Group& object, const std::string& name) {
  const PlainValues* const values = find(object, name);
  if (values == nullptr) fail(place_of(object, name), "is missing");
  if (values->count != 1) fail(place_of(object, name), "is not a single value");
  return *values;
}

const PlainValues& whole_number(const Group& object, const std::string& name) {
  const PlainValues& values = single(object, name);
  if (values.kind != Kind::integer && values.kind != Kind::natural) fail(place_of(object, name), "is not an integer");
  return values;
}

}  // namespace

bool has_attribute(const Group& object, const std::string& name) { return find(object, name) != nullptr; }

std::vector<std::string> text_attributes(const Group& object) {
  std::vector<std::string> names;
  if (object.content == nullptr) return names;
  for (const PlainValues& each : object.content->attributes) {
    if (each.kind == Kind::text && each.count == 1) names.push_back(each.name);
  }
  std::ranges::sort(names);
  return names;
}

std::string text_attribute(const Group& object, const std::string& name) {
  const PlainValues& values = single(object, name);
  if (values.kind != Kind::text) fail(place_of(object, name), "is not a text");
  return values.texts.front();
}

std::int64_t integer_attribute(const Group& object, const std::string& name) {
  return copy_integers(whole_number(object, name)).front();
}

std::uint64_t unsigned_attribute(const Group& object, const std::string& name) {
  const PlainValues& values = whole_number(object, name);
  if (values.kind == Kind::integer) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(copy_integers(values).front(), 0));
  }
  std::uint64_t value = 0;
  std::memcpy(&value, values.bytes.data(), sizeof(value));
  return value;
}

double real_attribute(const Group& object, const std::string& name) {
  const PlainValues& values = single(object, name);
  if (values.kind == Kind::text || values.kind == Kind::other) fail(place_of(object, name), "is not a number");
  double value = 0;
  copy_reals(values, 0, std::span(&value, 1));
  return value;
}

}  // namespace kintsugi::h5
