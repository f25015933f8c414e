#include "fuzz/readers.hpp"

#include <cstdlib>
#include <string>

#include "io/find_tensors.hpp"
#include "io/layers.hpp"
#include "io/model_reader.hpp"
#include "io/npy.hpp"
#include "io/npz.hpp"
#include "io/onnx.hpp"
#include "io/pth.hpp"
#include "io/safetensors.hpp"
#include "io/torch_stream.hpp"
#include "io/zip_archive.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::fuzzing {

namespace {

constexpr const char* kOrigin = "fuzz";

template <class Work>
bool accepts(Work work) {
  try {
    work();
    return true;
  } catch (const InputError&) {
    return false;
  }
}

/// As many numbers as the shape says, or the reader is at fault.
void read_numbers(const std::vector<StoredTensor>& tensors) {
  for (const StoredTensor& tensor : tensors) {
    if (!tensor.problem.empty()) continue;
    std::size_t elements = 1;
    for (const std::size_t size : tensor.shape) elements *= size;
    if (tensor.read().size() != elements) std::abort();
  }
}

/// The whole way from a file to pieces.
bool read_model(std::span<const char> bytes) {
  return accepts([&] {
    LeftOut left_out;
    ModelFacts facts;
    static_cast<void>(pieces_of(open_model({nullptr, bytes}, kOrigin, &facts), kOrigin, left_out));
    static_cast<void>(left_out.sentences());
  });
}

bool read_pickle(std::span<const char> bytes) {
  return accepts([&] {
    pickle::Result result = pickle::run(bytes, kOrigin);
    static_cast<void>(pickle::find_tensors(result.heap, result.top, kOrigin));
  });
}

bool read_pytorch(std::span<const char> bytes) {
  return accepts([&] { read_numbers(open_pytorch({nullptr, bytes}, kOrigin)); });
}

bool read_npz_file(std::span<const char> bytes) {
  return accepts([&] { read_numbers(open_npz(ZipArchive(bytes, kOrigin), bytes.size(), kOrigin)); });
}

bool read_npy(std::span<const char> bytes) {
  return accepts([&] {
    const auto content = std::make_shared<const std::vector<char>>(bytes.begin(), bytes.end());
    read_numbers({npy::open_array(content, {"array"}, kOrigin)});
  });
}

bool read_safetensors_file(std::span<const char> bytes) {
  return accepts([&] { read_numbers(open_safetensors({nullptr, bytes}, kOrigin)); });
}

bool read_onnx(std::span<const char> bytes) {
  return accepts([&] { read_numbers(open_onnx({nullptr, bytes}, kOrigin)); });
}

constexpr std::array kReaders{
    Reader{"model", read_model},      Reader{"pickle", read_pickle},
    Reader{"pytorch", read_pytorch},  Reader{"npz", read_npz_file},
    Reader{"npy", read_npy},          Reader{"safetensors", read_safetensors_file},
    Reader{"table", read_table_file}, Reader{"answer", read_answer_file},
    Reader{"config", read_config},    Reader{"archive", unpack_archive},
    Reader{"runs", read_runs_table},  Reader{"onnx", read_onnx},
};

}  // namespace

std::span<const Reader> readers() { return kReaders; }

}  // namespace kintsugi::fuzzing
