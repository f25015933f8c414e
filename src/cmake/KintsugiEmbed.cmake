# cmake -DOUTPUT=file.cpp -DFILES="a;b" -P KintsugiEmbed.cmake
# Writes a C++ source that defines kintsugi::report::asset() for the files, by their names without folders.
set(arrays "")
set(lookups "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  string(MAKE_C_IDENTIFIER ${name} identifier)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "constexpr unsigned char k_${identifier}[] = {${bytes}0};\n")
  string(APPEND lookups "  if (name == \"${name}\") return {reinterpret_cast<const char*>(k_${identifier}), sizeof(k_${identifier}) - 1};\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"report/assets.hpp\"\n\nnamespace kintsugi::report {\n\nnamespace {\n\n${arrays}\n}  // namespace\n\n"
  "std::string_view asset(std::string_view name) {\n${lookups}  return {};\n}\n\n}  // namespace kintsugi::report\n")
