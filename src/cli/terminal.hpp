#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kintsugi::cli {

/// What a stream ends up on.
struct Screen {
  bool terminal = false;
  bool colour = false;
  std::size_t columns = 80;
  std::size_t rows = 24;
};

/// Decides for the whole process whether output is coloured: --color WHEN on the command line, else KINTSUGI_COLOR
/// (auto, always, never), else not where NO_COLOR is set and not empty, else where it goes to a terminal. Takes --color
/// out of `words` where it stands before the command. Throws UsageError for another word.
void choose_colour(std::vector<std::string>& words, const std::map<std::string, std::string>& environment);

[[nodiscard]] Screen screen_of_output();
/// Of standard error: its own terminal or, under an mpirun on this machine that passes it on, that of mpirun.
[[nodiscard]] Screen screen_of_errors();

/// Whether somebody may read what is written to standard output: it was not closed (see main()), and the other end of a
/// pipe is there.
[[nodiscard]] bool output_is_read();

enum class Paint { none, bold, dim, good, doubtful, bad };

/// With the terminal's codes around it; as it is with Paint::none. The colours are of the sixteen that a terminal's
/// user has chosen, so that they read on light and on dark.
[[nodiscard]] std::string painted(std::string_view text, Paint paint);

/// "kintsugi: error: " and "kintsugi: warning: ", as standard error shows them.
[[nodiscard]] std::string error_mark();
[[nodiscard]] std::string warning_mark();

}  // namespace kintsugi::cli
