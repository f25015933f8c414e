#include <algorithm>

#include "io/hdf5.hpp"
#include "io/hdf5_checks.hpp"

namespace kintsugi::h5 {

namespace {

std::string place_of(const Group& object, const std::string& name) {
  return object.name + ", attribute '" + name + "'";
}

Handle open_single(const Group& object, const std::string& name) {
  const std::string place = place_of(object, name);
  if (!has_attribute(object, name)) fail(place, "is missing");
  Handle attribute(opened(H5Aopen(object.id.id(), name.c_str(), H5P_DEFAULT), place));
  const Handle space(opened(H5Aget_space(attribute.id()), place));
  if (H5Sget_simple_extent_npoints(space.id()) != 1) fail(place, "is not a single value");
  return attribute;
}

void read_number(const Group& object, const std::string& name, bool integer, hid_t memory_type, void* value) {
  const Handle attribute = open_single(object, name);
  const std::string place = place_of(object, name);
  const Handle type(opened(H5Aget_type(attribute.id()), place));
  const H5T_class_t kind = H5Tget_class(type.id());
  if (integer && kind != H5T_INTEGER) fail(place, "is not an integer");
  if (kind != H5T_INTEGER && kind != H5T_FLOAT) fail(place, "is not a number");
  done(H5Aread(attribute.id(), memory_type, value), place);
}

}  // namespace

bool has_attribute(const Group& object, const std::string& name) { return H5Aexists(object.id.id(), name.c_str()) > 0; }

std::vector<std::string> text_attributes(const Group& object) {
  std::vector<std::string> names;
  const auto take = [](hid_t, const char* name, const H5A_info_t*, void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  done(H5Aiterate2(object.id.id(), H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, take, &names), object.name);
  std::erase_if(names, [&](const std::string& name) {
    const std::string place = place_of(object, name);
    const Handle attribute(opened(H5Aopen(object.id.id(), name.c_str(), H5P_DEFAULT), place));
    const Handle type(opened(H5Aget_type(attribute.id()), place));
    const Handle space(opened(H5Aget_space(attribute.id()), place));
    return H5Tget_class(type.id()) != H5T_STRING || H5Sget_simple_extent_npoints(space.id()) != 1;
  });
  std::sort(names.begin(), names.end());
  return names;
}

std::string text_attribute(const Group& object, const std::string& name) {
  const Handle attribute = open_single(object, name);
  const std::string place = place_of(object, name);
  const Handle type(opened(H5Aget_type(attribute.id()), place));
  if (H5Tget_class(type.id()) != H5T_STRING) fail(place, "is not a text");
  if (H5Tis_variable_str(type.id()) > 0) {
    char* value = nullptr;
    done(H5Aread(attribute.id(), type.id(), &value), place);
    std::string text = value == nullptr ? "" : value;
    H5free_memory(value);
    return text;
  }
  const std::size_t size = H5Tget_size(type.id());
  if (size > H5Aget_storage_size(attribute.id())) fail(place, "claims more data than the file holds");
  std::string text(size, '\0');
  done(H5Aread(attribute.id(), type.id(), text.data()), place);
  text.resize(std::min(text.size(), text.find('\0')));
  return text;
}

std::int64_t integer_attribute(const Group& object, const std::string& name) {
  std::int64_t value = 0;
  read_number(object, name, true, H5T_NATIVE_INT64, &value);
  return value;
}

std::uint64_t unsigned_attribute(const Group& object, const std::string& name) {
  std::uint64_t value = 0;
  read_number(object, name, true, H5T_NATIVE_UINT64, &value);
  return value;
}

double real_attribute(const Group& object, const std::string& name) {
  double value = 0;
  read_number(object, name, false, H5T_NATIVE_DOUBLE, &value);
  return value;
}

}  // namespace kintsugi::h5
