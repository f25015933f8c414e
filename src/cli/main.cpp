// kintsugi COMMAND ...: finds the command, reads its options, runs it, and turns what it throws into an exit code.

#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <future>
#include <iostream>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "cli/build_info.hpp"
#include "cli/command.hpp"
#include "cli/manual.hpp"
#include "cli/parameters_file.hpp"
#include "cli/signals.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "io/in_child.hpp"
#include "kernels/gemm.hpp"
#include "kernels/generated.hpp"
#include "kernels/level.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/core/version.hpp"
#include "kintsugi/mpi/comm.hpp"
#include "solve/common_level.hpp"

namespace kintsugi::cli {

namespace {

using Commands = std::vector<std::unique_ptr<Command>>;

/// Whether this process is the one that speaks before MPI has started: launchers tell each process its rank.
bool speaks_before_mpi() {
  for (const char* const variable : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"}) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
    if (const char* const rank = std::getenv(variable)) return std::string_view(rank) == "0";
  }
  return true;
}

void print_error(const Error& error, const std::string& command) {
  const bool stopped = error.code() == ExitCode::stopped;
  std::string text = stopped ? std::string("kintsugi: ") : error_mark();
  text += printable(error.what()) + "\n";
  if (error.code() == ExitCode::usage) {
    text += "kintsugi: see 'kintsugi " + (command.empty() ? "" : command + " ") + "--help'\n";
  }
  std::cerr << text;
}

/// Options of the commands other than `chosen`.
std::vector<std::string> options_of_others(const Commands& commands, const Command& chosen) {
  std::vector<std::string> names;
  for (const auto& command : commands) {
    if (command.get() == &chosen) continue;
    OptionTable options;
    command->declare(options);
    for (const std::string& name : options.names()) names.push_back(name);
  }
  return names;
}

void print_warnings(const Settings& settings) {
  for (const std::string& warning : settings.warnings()) std::cerr << warning_mark() + printable(warning) + "\n";
}

void warn_of_slow_kernels() {
  if (kernels::generated_code_may_run()) return;
  std::cerr << warning_mark() +
                   "memory may not be both written and executed here (SELinux, systemd's "
                   "MemoryDenyWriteExecute): Eigen takes over from libxsmm, which takes longer\n";
}

ExitCode run_alone(Command& command, const OptionTable& options, const Sources& sources) {
  try {
    const Settings settings = resolve(options, sources, false);
    if (speaks_before_mpi()) print_warnings(settings);
    settings.check_files();
    return command.run(settings);
  } catch (const Error& error) {
    print_error(error, command.name());
    return error.code();
  }
}

/// A rank that fails on its own ends all ranks: the others may be waiting for it.
[[noreturn]] void abort_all(int rank, const std::string& what) {
  std::cerr << "kintsugi: internal error on rank " + std::to_string(rank) + ": " + printable(what) + "\n";
  mpi::abort(static_cast<int>(ExitCode::internal));
}

/// Collective.
std::vector<Peer> peers_of_this_machine(const mpi::Comm& world) {
  if (world.size() == 1) return {};
  const std::array<std::int64_t, 2> own{world.rank(), ::getpid()};
  const std::vector<std::int64_t> all = world.split_node().gather_all(own);
  std::vector<Peer> peers;
  peers.reserve(all.size() / 2);
  for (std::size_t i = 0; i < all.size(); i += 2)
    peers.push_back({static_cast<int>(all[i]), static_cast<int>(all[i + 1])});
  return peers;
}

ExitCode run_parallel(Command& command, const OptionTable& options, const Sources& sources, int argc, char** argv) {
  const ReaderProcess reader;
  std::optional<mpi::Environment> environment;
  try {
    environment.emplace(argc, argv);
  } catch (const Error& error) {
    print_error(error, command.name());  // each process for itself: they may not know of each other
    return error.code();
  }
  // Files are read while the kernels are made ready; not while MPI starts, which changes the environment that libxsmm
  // reads. Whoever needs the kernels first waits for them.
  const mpi::Comm world = mpi::Comm::world();
  use_common_level(world);
  const std::future<bool> kernels_ready = std::async(std::launch::async, kernels::libxsmm_works);
  try {
    watch_peers(peers_of_this_machine(world));
    std::optional<Settings> settings;
    world.agree([&] {
      settings = resolve(options, sources, false);
      if (world.root()) settings->check_files();
    });
    if (world.root()) {
      print_warnings(*settings);
      warn_of_slow_kernels();
    }
    const ExitCode code = command.run(*settings);
    end_soon_if_stopped(code);
    return code;
  } catch (const Error& error) {
    if (error.code() == ExitCode::internal) abort_all(world.rank(), error.what());
    end_soon_if_stopped(error.code());
    if (world.root()) print_error(error, command.name());
    return error.code();
  } catch (const std::exception& error) {
    abort_all(world.rank(), error.what());
  }
}

/// A file that is opened later must not take the place of a closed stream. Reading and writing there go on to fail.
void fill_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    const int access = stream == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (::open("/dev/null", access) != stream) std::_Exit(static_cast<int>(ExitCode::internal));
  }
}

constexpr std::string_view kPrintParameters = "--print-parameters";

bool contains(const std::vector<std::string>& arguments, std::string_view wanted) {
  return std::ranges::find(arguments, wanted) != arguments.end();
}

ExitCode run_command(Command& command, const Commands& commands, Sources sources, int argc, char** argv) {
  OptionTable options;
  command.declare(options);
  sources.other_names = options_of_others(commands, command);
  // What only prints does not start MPI: it should work where nothing has been launched.
  if (contains(sources.arguments, "--help") || contains(sources.arguments, "-h")) {
    if (speaks_before_mpi()) std::cout << help_text(Manual(command), screen_of_output().colour);
    return ExitCode::success;
  }
  if (contains(sources.arguments, "--print-config")) {
    const Settings settings = resolve(options, sources, true);
    settings.check_ini();
    if (speaks_before_mpi()) std::cout << settings.as_ini();
    return ExitCode::success;
  }
  if (command.parameters() != nullptr && contains(sources.arguments, kPrintParameters)) {
    std::erase(sources.arguments, kPrintParameters);
    static_cast<void>(resolve(options, sources, true));
    if (speaks_before_mpi()) std::cout << print_parameters(*command.parameters());
    return ExitCode::success;
  }
  return command.parallel() ? run_parallel(command, options, sources, argc, argv)
                            : run_alone(command, options, sources);
}

/// Of the kernels for several levels of processors, those that KINTSUGI_LEVEL asks for.
void choose_level() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  const char* const wanted = std::getenv("KINTSUGI_LEVEL");
  if (wanted == nullptr || *wanted == '\0') return;
  try {
    kernels::use_level(wanted);
  } catch (const UsageError& error) {
    throw UsageError(std::string("KINTSUGI_LEVEL: ") + error.what());
  }
}

ExitCode run_program(int argc, char** argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const std::map<std::string, std::string> environment = kintsugi_environment();
  choose_colour(words, environment);
  choose_level();
  const Commands commands = make_commands();
  if (words.empty()) throw UsageError("no command given");
  if (words[0] == "--help" || words[0] == "-h") {
    if (speaks_before_mpi()) std::cout << overview_text(manuals(commands), screen_of_output().colour);
    return ExitCode::success;
  }
  if (words[0] == "--version") {
    if (speaks_before_mpi()) std::cout << "kintsugi " << full_version() << '\n' << features();
    return ExitCode::success;
  }
  const auto chosen = std::ranges::find(commands, words[0], &Command::name);
  if (chosen == commands.end()) throw UsageError(unknown_command(words[0]));
  return run_command(**chosen, commands, {{words.begin() + 1, words.end()}, environment, {}}, argc, argv);
}

#ifdef __GLIBC__

/// Large arrays come and go: memory once had is kept, since every page that is asked for anew costs a fault. What is
/// asked for first comes in large pages, where the system gives some.
void keep_memory() {
  constexpr int kKeep = 1 << 25;  // the most that glibc takes for the threshold
  mallopt(M_MMAP_THRESHOLD, kKeep);
  mallopt(M_TRIM_THRESHOLD, 4 * kKeep);
  mallopt(M_TOP_PAD, 1 << 24);
#ifdef MADV_HUGEPAGE
  constexpr std::size_t kLarge = std::size_t{3} << 23U;
  constexpr std::uintptr_t kPage = 4096;
  void* const first = ::operator new(kLarge, std::nothrow);
  const std::uintptr_t begin = (reinterpret_cast<std::uintptr_t>(first) + kPage - 1) / kPage * kPage;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): madvise wants the beginning of a page
  if (first != nullptr) ::madvise(reinterpret_cast<void*>(begin), kLarge - kPage, MADV_HUGEPAGE);
  ::operator delete(first);  // the memory itself stays with the process, none of it touched
#endif
}

#endif

}  // namespace

}  // namespace kintsugi::cli

int main(int argc, char** argv) {
#ifdef __GLIBC__
  kintsugi::cli::keep_memory();
#endif
  using namespace kintsugi;
  cli::fill_closed_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // a file that is too large is an error of the write
  ExitCode code = ExitCode::internal;
  cli::end_at_signals(cli::speaks_before_mpi());
  try {
    code = cli::run_program(argc, argv);
  } catch (const Error& error) {
    if (cli::speaks_before_mpi()) cli::print_error(error, "");
    code = error.code();
  } catch (const std::exception& error) {
    std::cerr << "kintsugi: internal error: " << cli::printable(error.what()) << '\n';
  }
  std::cout.flush();
  if (!std::cout && code == ExitCode::success) {
    std::cerr << "kintsugi: error: standard output cannot be written\n";
    code = ExitCode::internal;
  }
  return static_cast<int>(code);
}
