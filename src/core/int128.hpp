#pragma once

namespace kintsugi {

__extension__ using Uint128 = unsigned __int128;

}  // namespace kintsugi
