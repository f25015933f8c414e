#include "core/roles.hpp"

#include <algorithm>

namespace kintsugi {

Roles roles_of(const Assembly& assembly, const RowShape& shape) {
  Roles roles{.expand = {}, .compress = {}, .head = assembly.head, .width = shape.width, .outputs = shape.outputs};
  for (const Block& block : assembly.blocks) {
    roles.expand.push_back(block.expand);
    roles.compress.push_back(block.compress);
  }
  std::ranges::sort(roles.expand);
  std::ranges::sort(roles.compress);
  return roles;
}

}  // namespace kintsugi
