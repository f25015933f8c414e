#include "cli/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "cli/value.hpp"
#include "io/file_descriptor.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

namespace {

constexpr std::string_view kOption = "--color";
constexpr const char* kVariable = "KINTSUGI_COLOR";

enum class When { automatic, always, never };
When when = When::automatic;
bool unwanted = false;  // NO_COLOR

void set(const std::string& word, const std::string& place) {
  std::string checked;
  try {
    choice(checked, {"auto", "always", "never"}).store(word);
  } catch (const UsageError& error) {
    throw UsageError(place + ": " + error.what());
  }
  when = word == "always" ? When::always : word == "never" ? When::never : When::automatic;
}

/// The value of --color at `words[i]`, and how many words it takes; 0: no such option there.
std::size_t colour_at(const std::vector<std::string>& words, std::size_t i, std::string& value) {
  if (words[i] == kOption && i + 1 < words.size()) {
    value = words[i + 1];
    return 2;
  }
  if (words[i].starts_with(std::string(kOption) + "=")) {
    value = words[i].substr(kOption.size() + 1);
    return 1;
  }
  return 0;
}

Screen screen_of(int stream) {
  Screen screen;
  screen.terminal = ::isatty(stream) == 1;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  const char* const kind = std::getenv("TERM");
  const bool dumb = kind != nullptr && std::string_view(kind) == "dumb";
  screen.colour = when == When::always || (when == When::automatic && screen.terminal && !unwanted && !dumb);
  winsize size{};
  if (!screen.terminal || ::ioctl(stream, TIOCGWINSZ, &size) != 0) return screen;
  if (size.ws_col > 0) screen.columns = size.ws_col;
  if (size.ws_row > 0) screen.rows = size.ws_row;
  return screen;
}

/// Whether this process was started by an mpirun that reads its standard error and passes it on.
bool mpirun_passes_errors_on() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  if (std::getenv("OMPI_COMM_WORLD_RANK") == nullptr && std::getenv("PMI_RANK") == nullptr) return false;
  struct stat facts {};
  return ::fstat(STDERR_FILENO, &facts) == 0 && (S_ISFIFO(facts.st_mode) || S_ISSOCK(facts.st_mode));
}

}  // namespace

void choose_colour(std::vector<std::string>& words, const std::map<std::string, std::string>& environment) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  const char* const no_colour = std::getenv("NO_COLOR");
  unwanted = no_colour != nullptr && *no_colour != '\0';
  if (const auto found = environment.find(kVariable); found != environment.end()) {
    set(found->second, std::string("environment: ") + kVariable);
  }
  bool before_command = true;
  for (std::size_t i = 0; i < words.size() && words[i] != "--";) {
    std::string value;
    const std::size_t taken = colour_at(words, i, value);
    if (taken > 0) set(value, "command line: --color");
    if (taken > 0 && before_command) {
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(i),
                  words.begin() + static_cast<std::ptrdiff_t>(i + taken));
      continue;
    }
    before_command = false;
    ++i;
  }
}

Screen screen_of_output() { return screen_of(STDOUT_FILENO); }

Screen screen_of_errors() {
  const Screen own = screen_of(STDERR_FILENO);
  if (own.terminal || !mpirun_passes_errors_on()) return own;
  const std::string launcher = "/proc/" + std::to_string(::getppid()) + "/fd/2";
  const FileDescriptor passed_on(::open(launcher.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  return passed_on.get() < 0 ? own : screen_of(passed_on.get());
}

std::string painted(std::string_view text, Paint paint) {
  std::string_view code;
  switch (paint) {
    case Paint::none: return std::string(text);
    case Paint::bold: code = "1"; break;
    case Paint::dim: code = "2"; break;
    case Paint::good: code = "1;32"; break;
    case Paint::doubtful: code = "1;33"; break;
    case Paint::bad: code = "1;31"; break;
  }
  return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

bool output_is_read() {
  const int flags = ::fcntl(STDOUT_FILENO, F_GETFL);
  if (flags < 0 || (static_cast<unsigned>(flags) & static_cast<unsigned>(O_ACCMODE)) == O_RDONLY) return false;
  pollfd stream{STDOUT_FILENO, 0, 0};
  return ::poll(&stream, 1, 0) < 0 || (static_cast<unsigned>(stream.revents) & static_cast<unsigned>(POLLERR)) == 0;
}

std::string error_mark() {
  return "kintsugi: " + painted("error:", screen_of_errors().colour ? Paint::bad : Paint::none) + " ";
}

std::string warning_mark() {
  return "kintsugi: " + painted("warning:", screen_of_errors().colour ? Paint::doubtful : Paint::none) + " ";
}

}  // namespace kintsugi::cli
