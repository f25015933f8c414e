# Headers that cost much and never change, compiled once. No header of kintsugi: a change to one would compile everything
# again. Sources include what they use all the same: -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON compiles without these.
# More is not faster: GCC takes time for each megabyte of a precompiled header, used or not.
# <iostream> would add its static objects to every source.
set(KINTSUGI_PRECOMPILED_STANDARD
  <algorithm> <array> <chrono> <cmath> <cstddef> <cstdint> <filesystem> <functional> <limits> <map> <memory>
  <numeric> <optional> <random> <set> <span> <sstream> <string> <string_view> <utility> <vector>)
