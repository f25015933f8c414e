#include "io/pth_writer.hpp"

#include <zip.h>

#include <stdexcept>

namespace kintsugi::testing {

namespace {

std::string little(std::uint64_t value, std::size_t bytes) {
  std::string text(bytes, '\0');
  std::memcpy(text.data(), &value, bytes);
  return text;
}

}  // namespace

Pickle::Pickle(int protocol) { raw("\x80").raw(little(static_cast<std::uint64_t>(protocol), 1)); }

Pickle& Pickle::raw(std::string_view bytes) {
  bytes_ += bytes;
  return *this;
}

Pickle& Pickle::text(std::string_view value) { return raw("X").raw(little(value.size(), 4)).raw(value); }

Pickle& Pickle::integer(std::uint64_t value) {
  if (value < 256) return raw("K").raw(little(value, 1));
  if (value < 65536) return raw("M").raw(little(value, 2));
  return raw("\x8a\x08").raw(little(value, 8));
}

Pickle& Pickle::integers(const std::vector<std::uint64_t>& values) {
  mark();
  for (const std::uint64_t value : values) integer(value);
  return tuple();
}

Pickle& Pickle::global(std::string_view module, std::string_view name) {
  return raw("c").raw(module).raw("\n").raw(name).raw("\n");
}

Pickle& Pickle::ordered_dict() { return global("collections", "OrderedDict").empty_tuple().reduce(); }

Pickle& Pickle::storage(std::string_view type, std::string_view key, std::uint64_t elements) {
  return mark().text("storage").global("torch", type).text(key).text("cpu").integer(elements).tuple().raw("Q");
}

Pickle& Pickle::tensor(std::string_view type, std::string_view key, std::uint64_t elements, std::uint64_t offset,
                       const std::vector<std::uint64_t>& shape, const std::vector<std::uint64_t>& strides) {
  global("torch._utils", "_rebuild_tensor_v2").mark().storage(type, key, elements).integer(offset);
  return integers(shape).integers(strides).raw("\x89").ordered_dict().tuple().reduce();
}

std::string zip_archive(const std::vector<ZipEntry>& entries) {
  zip_source_t* const source = zip_source_buffer_create(nullptr, 0, 0, nullptr);
  zip_source_keep(source);  // so that the bytes can be read after the archive is closed
  zip_t* const archive = zip_open_from_source(source, ZIP_TRUNCATE, nullptr);
  for (const ZipEntry& entry : entries) {
    zip_source_t* const content = zip_source_buffer(archive, entry.content.data(), entry.content.size(), 0);
    const zip_int64_t index = zip_file_add(archive, entry.name.c_str(), content, 0);
    if (index < 0) throw std::runtime_error(zip_strerror(archive));
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index),
                             entry.compressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    zip_file_set_mtime(archive, static_cast<zip_uint64_t>(index), 0, 0);
  }
  if (zip_close(archive) != 0) throw std::runtime_error("zip_close failed");
  zip_stat_t facts;
  zip_source_open(source);
  zip_source_stat(source, &facts);
  std::string bytes(facts.size, '\0');
  zip_source_read(source, bytes.data(), bytes.size());
  zip_source_close(source);
  zip_source_free(source);
  return bytes;
}

std::string pth_archive(const std::string& pickle, const std::vector<std::pair<std::string, std::string>>& storages) {
  std::vector<ZipEntry> entries{{"archive/data.pkl", pickle}, {"archive/byteorder", "little"}};
  for (const auto& [key, content] : storages) entries.push_back({"archive/data/" + key, content});
  entries.push_back({"archive/version", "3\n"});
  return zip_archive(entries);
}

std::string linear_pth(std::size_t out, std::size_t in, const std::vector<float>& weight,
                       const std::vector<float>& bias) {
  Pickle pickle;
  pickle.ordered_dict().mark().text("weight").tensor("FloatStorage", "0", weight.size(), 0, {out, in}, {in, 1});
  std::vector<std::pair<std::string, std::string>> storages{{"0", bytes_of(weight)}};
  if (!bias.empty()) {
    pickle.text("bias").tensor("FloatStorage", "1", bias.size(), 0, {out}, {1});
    storages.emplace_back("1", bytes_of(bias));
  }
  return pth_archive(pickle.raw("u").finish(), storages);
}

}  // namespace kintsugi::testing
