#include "kintsugi/io/problem_file.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "core/random.hpp"
#include "core/stop.hpp"
#include "io/expect_error.hpp"
#include "io/hdf5_editor.hpp"
#include "support/environment.hpp"

namespace kintsugi {
namespace {

using testing::expect_error;
using testing::file_content;
using testing::Hdf5Editor;

PieceF64 make_piece(int index, std::size_t out, std::size_t in, bool with_bias, Random& random) {
  PieceF64 piece;
  piece.index = index;
  piece.out = out;
  piece.in = in;
  piece.source = "pieces/piece_" + std::to_string(index) + ".pth";
  for (std::size_t i = 0; i < out * in; ++i) piece.weight.push_back(static_cast<float>(random.normal()));
  for (std::size_t i = 0; with_bias && i < out; ++i) piece.bias.push_back(static_cast<float>(random.normal()));
  return piece;
}

/// 5 pieces of a network of width 3 and hidden size 4, and 7 rows.
struct Sample {
  NetworkF64 network;
  RowsF64 rows;
  Provenance provenance{{"source", "a test"}, {"command", "line one\nline two"}};

  Sample() {
    Random random(5);
    network.activation = Activation::silu;
    network.pieces = {make_piece(0, 4, 3, true, random), make_piece(1, 3, 4, true, random),
                      make_piece(2, 2, 3, false, random), make_piece(3, 3, 4, true, random),
                      make_piece(4, 4, 3, false, random)};
    rows.shape = {7, 3, 2};
    for (int i = 0; i < 21; ++i) rows.inputs.push_back(static_cast<float>(random.normal()));
    for (int i = 0; i < 14; ++i) rows.predictions.push_back(static_cast<float>(random.normal()));
    for (int i = 0; i < 14; ++i) rows.targets.push_back(static_cast<float>(random.normal()));
  }
};

class ProblemFiles : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "problem.h5"; }
  void write() const { write_problem(path(), sample_.network, sample_.rows, sample_.provenance); }

  /// Writes the sample, lets `change` spoil it and expects that opening it or reading all of it is refused.
  template <class Change>
  void expect_refused(Change change, std::initializer_list<std::string> parts) const {
    write();
    {
      Hdf5Editor editor(path());
      change(editor);
    }
    expect_error<InputError>([&] { read_everything(); }, {"problem.h5"});
    expect_error<InputError>([&] { read_everything(); }, parts);
  }

  void read_everything() const {
    const ProblemFile file(path());
    static_cast<void>(file.network_f64());
    static_cast<void>(file.network());
    static_cast<void>(file.read_f64(0, file.shape().rows));
  }

  testing::ScratchFolder folder_;
  Sample sample_;
};

void expect_equal(const NetworkF64& a, const NetworkF64& b) {
  ASSERT_EQ(a.pieces.size(), b.pieces.size());
  EXPECT_EQ(a.activation, b.activation);
  for (std::size_t i = 0; i < a.pieces.size(); ++i) {
    EXPECT_EQ(a.pieces[i].index, b.pieces[i].index);
    EXPECT_EQ(a.pieces[i].out, b.pieces[i].out);
    EXPECT_EQ(a.pieces[i].in, b.pieces[i].in);
    EXPECT_EQ(a.pieces[i].weight, b.pieces[i].weight);
    EXPECT_EQ(a.pieces[i].bias, b.pieces[i].bias);
    EXPECT_EQ(a.pieces[i].source, b.pieces[i].source);
  }
}

TEST_F(ProblemFiles, WithoutPredictionsThePiecesGiveTheShape) {
  sample_.rows.predictions = sample_.rows.targets = {};
  for (const bool with_inputs : {true, false}) {
    if (!with_inputs) sample_.rows.inputs = {};
    sample_.rows.shape = {with_inputs ? 7U : 0U, 3, 2};
    write();
    ProblemFile file(path());
    EXPECT_FALSE(file.has_predictions());
    EXPECT_FALSE(file.has_targets());
    EXPECT_EQ(file.shape().rows, 0U);
    EXPECT_EQ(file.shape().width, 3U);
    EXPECT_EQ(file.shape().outputs, 2U);
    EXPECT_TRUE(file.read_f64(0, 0).inputs.empty());
    expect_equal(file.network_f64(), sample_.network);
    // The same problem whether or not it still has its inputs: they are of no use.
    EXPECT_EQ(problem_fingerprint(sample_.network, file).rows.size(), 64U);
  }
}

TEST_F(ProblemFiles, WithoutPredictionsThePiecesMustMakeANetwork) {
  sample_.rows.predictions = sample_.rows.targets = {};
  sample_.rows.shape = {7, 3, 2};
  sample_.network.pieces.pop_back();
  write();
  expect_error<InputError>([&] { read_everything(); },
                           {"problem.h5", "no /data/predictions", "no network", "1 of [4 x 3]", "2 of [3 x 4]"});
  sample_ = Sample();
  sample_.rows.predictions = sample_.rows.targets = {};
  sample_.rows.shape = {3, 7, 2};
  write();
  expect_error<InputError>([&] { read_everything(); }, {"problem.h5", "no network of width 7"});
}

TEST_F(ProblemFiles, RoundTrip) {
  write();
  ProblemFile file(path());
  EXPECT_EQ(file.shape().rows, 7U);
  EXPECT_EQ(file.shape().width, 3U);
  EXPECT_EQ(file.shape().outputs, 2U);
  EXPECT_EQ(file.activation(), Activation::silu);
  EXPECT_EQ(file.provenance(), sample_.provenance);
  EXPECT_TRUE(file.has_targets());
  expect_equal(file.network_f64(), sample_.network);

  const Network narrow = file.network();
  ASSERT_EQ(narrow.pieces.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_TRUE(std::equal(narrow.pieces[i].weight.begin(), narrow.pieces[i].weight.end(),
                           sample_.network.pieces[i].weight.begin()));
  }
  const RowsF64 rows = file.read_f64(0, 7);
  EXPECT_EQ(rows.inputs, sample_.rows.inputs);
  EXPECT_EQ(rows.predictions, sample_.rows.predictions);
  EXPECT_EQ(rows.targets, sample_.rows.targets);
}

/// Has been told to stop.
class Stopping final : public StopListener {
  [[nodiscard]] StopReason listen() override { return StopReason::signal; }
};

TEST_F(ProblemFiles, AStopEndsReading) {
  write();
  ProblemFile file(path());
  const Stopping stopping;
  std::vector<float> inputs(21);
  std::vector<float> predictions(14);
  EXPECT_THROW(file.read(0, 7, inputs, predictions), Stopped);
  EXPECT_THROW(static_cast<void>(file.network()), Stopped);
  EXPECT_THROW(static_cast<void>(ProblemFile(path())), Stopped) << "not a damaged file";
  be_patient_about_stop(60);
  EXPECT_NO_THROW(static_cast<void>(ProblemFile(path()).network()));
}

TEST_F(ProblemFiles, SlabsOfRows) {
  write();
  ProblemFile file(path());
  for (const auto& [first, count] : {std::pair<std::size_t, std::size_t>{0, 1}, {2, 3}, {6, 1}, {7, 0}, {0, 7}}) {
    std::vector<float> inputs(count * 3);
    std::vector<float> predictions(count * 2);
    file.read(first, count, inputs, predictions);
    EXPECT_TRUE(
        std::equal(inputs.begin(), inputs.end(), sample_.rows.inputs.begin() + static_cast<std::ptrdiff_t>(first * 3)));
    EXPECT_TRUE(std::equal(predictions.begin(), predictions.end(),
                           sample_.rows.predictions.begin() + static_cast<std::ptrdiff_t>(first * 2)));
    const RowsF64 wide = file.read_f64(first, count);
    EXPECT_EQ(wide.shape.rows, count);
    EXPECT_TRUE(std::equal(wide.targets.begin(), wide.targets.end(),
                           sample_.rows.targets.begin() + static_cast<std::ptrdiff_t>(first * 2)));
  }
  std::vector<float> inputs(6);
  std::vector<float> predictions(4);
  expect_error<InternalError>([&] { file.read(6, 2, inputs, predictions); }, {"outside the rows"});
  expect_error<InternalError>([&] { file.read(0, 1, inputs, predictions); }, {"wrong size"});
  expect_error<InternalError>([&] { static_cast<void>(file.read_f64(~std::size_t{0}, 2)); }, {"outside the rows"});
}

TEST_F(ProblemFiles, EqualContentGivesEqualBytes) {
  write();
  const std::string first = file_content(path());
  write_problem(folder_.path() / "again.h5", sample_.network, sample_.rows, sample_.provenance);
  EXPECT_TRUE(first == file_content(folder_.path() / "again.h5"));
}

TEST_F(ProblemFiles, WideValuesAreKeptWide) {
  sample_.network.pieces[1].weight[2] = 0.1;
  sample_.rows.targets[3] = 1e300;
  write();
  const ProblemFile file(path());
  expect_equal(file.network_f64(), sample_.network);
  EXPECT_EQ(file.read_f64(0, 7).targets, sample_.rows.targets);
  EXPECT_EQ(file.network().pieces[1].weight[2], 0.1F);
}

TEST_F(ProblemFiles, NoTargets) {
  sample_.rows.targets.clear();
  write();
  const ProblemFile file(path());
  EXPECT_FALSE(file.has_targets());
  EXPECT_TRUE(file.read_f64(2, 2).targets.empty());
}

TEST_F(ProblemFiles, OtherStorageOfTheSameNumbers) {
  write();
  std::vector<double> inputs(21);
  std::iota(inputs.begin(), inputs.end(), -10);
  std::vector<double> weight(12);
  std::iota(weight.begin(), weight.end(), -0.5);
  {
    Hdf5Editor editor(path());
    editor.remove("/data/inputs");
    editor.remove("/data/predictions");
    editor.remove("/pieces/0/weight");
    editor.remove("/pieces/4/weight");
    editor.dataset("/data/inputs", {7, 3}, inputs, Hdf5Editor::float16());
    editor.dataset("/data/predictions", {7, 2}, std::vector<double>(14, 0.1), H5T_IEEE_F64BE, 2);
    editor.dataset("/pieces/0/weight", {4, 3}, weight, Hdf5Editor::float16(), 1);
    editor.dataset("/pieces/4/weight", {4, 3}, weight, H5T_IEEE_F64LE);
    editor.remove_attribute("activation");
    editor.fixed_text("activation", "leaky_relu");
    editor.remove_attribute("format_version");
    editor.integer("format_version", 1);
  }
  ProblemFile file(path());
  EXPECT_EQ(file.activation(), Activation::leaky_relu);
  const RowsF64 rows = file.read_f64(0, 7);
  EXPECT_EQ(rows.inputs, inputs);
  EXPECT_EQ(rows.predictions, std::vector<double>(14, 0.1));
  std::vector<float> some(6);
  std::vector<float> predictions(4);
  file.read(3, 2, some, predictions);
  EXPECT_EQ(some, (std::vector<float>{-1, 0, 1, 2, 3, 4}));
  EXPECT_EQ(predictions, std::vector<float>(4, 0.1F));
  EXPECT_EQ(file.network_f64().pieces[0].weight, weight);
  EXPECT_EQ(file.network().pieces[4].weight, std::vector<float>(weight.begin(), weight.end()));
}

TEST_F(ProblemFiles, ForeignFiles) {
  expect_error<InputError>([] { ProblemFile("/nowhere/problem.h5"); }, {"/nowhere/problem.h5", "no such file"});
  expect_error<InputError>([&] { ProblemFile file(folder_.path()); }, {"not a regular file"});
  std::ofstream(path()) << "measurement_0,pred\n1,2\n";
  expect_error<InputError>([&] { ProblemFile file(path()); }, {"problem.h5", "not a readable HDF5 file"});
}

TEST_F(ProblemFiles, TruncatedFiles) {
  write();
  const std::string whole = file_content(path());
  for (std::size_t size = 0; size < whole.size(); size += whole.size() / 23) {
    std::ofstream(path(), std::ios::binary) << whole.substr(0, size);
    expect_error<InputError>([&] { read_everything(); }, {"problem.h5"});
  }
}

TEST_F(ProblemFiles, RootAttributes) {
  expect_refused([](Hdf5Editor& e) { e.remove_attribute("format"); }, {"not a kintsugi problem"});
  expect_refused([](Hdf5Editor& e) { e.remove_attribute("format"), e.fixed_text("format", "kintsugi-solution"); },
                 {"not a kintsugi problem"});
  expect_refused([](Hdf5Editor& e) { e.remove_attribute("format_version"); }, {"'format_version'", "is missing"});
  expect_refused([](Hdf5Editor& e) { e.remove_attribute("format_version"), e.integer("format_version", 3); },
                 {"format_version 3"});
  expect_refused([](Hdf5Editor& e) { e.remove_attribute("format_version"), e.fixed_text("format_version", "1"); },
                 {"'format_version'", "not an integer"});
  expect_refused([](Hdf5Editor& e) { e.remove_attribute("activation"), e.fixed_text("activation", "swish"); },
                 {"'activation'", "swish"});
  expect_refused([](Hdf5Editor& e) { e.remove_attribute("activation"), e.integer("activation", 0); },
                 {"'activation'", "not a text"});
}

TEST_F(ProblemFiles, DataRules) {
  const std::vector<double> numbers(21, 1.0);
  const auto replace = [&](const char* name, const std::vector<hsize_t>& dims, std::vector<double> values) {
    return [=](Hdf5Editor& e) { e.remove(name), e.dataset(name, dims, values); };
  };
  expect_refused([](Hdf5Editor& e) { e.remove("/data/inputs"); }, {"/data/inputs", "is missing"});
  expect_refused([](Hdf5Editor& e) { e.remove("/data/predictions"); }, {"/data", "has targets, but no predictions"});
  expect_refused(replace("/data/inputs", {21}, numbers), {"/data/inputs", "1 dimensions instead of 2"});
  expect_refused(replace("/data/inputs", {0, 3}, {}), {"/data/inputs", "is empty"});
  expect_refused(replace("/data/predictions", {6, 2}, std::vector<double>(12, 1)),
                 {"/data/predictions", "6 rows", "has 7"});
  expect_refused(replace("/data/targets", {6, 2}, std::vector<double>(12, 1)), {"/data/targets", "6 rows"});
  expect_refused(replace("/data/targets", {7, 1}, std::vector<double>(7, 1)), {"/data/targets", "1 columns", "has 2"});
  expect_refused(
      [&](Hdf5Editor& e) {
        e.remove("/data/inputs"), e.dataset("/data/inputs", {7, 3}, numbers, H5T_STD_I32LE);
      },
      {"/data/inputs", "not float16, float32 or float64"});
}

TEST_F(ProblemFiles, NumbersMustBeFinite) {
  std::vector<double> numbers(21, 1.0);
  numbers[11] = NAN;
  expect_refused(
      [&](Hdf5Editor& e) {
        e.remove("/data/inputs"), e.dataset("/data/inputs", {7, 3}, numbers);
      },
      {"/data/inputs", "row 3, column 2 is nan"});
  std::vector<double> weight(12, 1.0);
  weight[4] = -INFINITY;
  expect_refused(
      [&](Hdf5Editor& e) {
        e.remove("/pieces/3/weight"), e.dataset("/pieces/3/weight", {3, 4}, weight);
      },
      {"/pieces/3/weight", "row 1, column 0 is infinite"});
  // Fits float64 but not the float32 that the solver works in.
  weight[4] = 1e200;
  expect_refused(
      [&](Hdf5Editor& e) {
        e.remove("/pieces/3/weight"), e.dataset("/pieces/3/weight", {3, 4}, weight);
      },
      {"/pieces/3/weight", "finite float32"});
}

TEST_F(ProblemFiles, PieceRules) {
  const std::vector<double> numbers(12, 1.0);
  expect_refused([](Hdf5Editor& e) { e.remove("/pieces"); }, {"/pieces", "is missing"});
  expect_refused([](Hdf5Editor& e) { e.remove("/pieces/2"); }, {"/pieces", "piece 2 is missing"});
  expect_refused([](Hdf5Editor& e) { e.remove("/pieces/1/weight"); }, {"/pieces/1/weight", "is missing"});
  expect_refused(
      [&](Hdf5Editor& e) {
        e.remove("/pieces/1/bias"), e.dataset("/pieces/1/bias", {4}, {1, 2, 3, 4});
      },
      {"/pieces/1/bias", "4 values", "3 rows"});
  expect_refused([&](Hdf5Editor& e) { e.remove("/pieces/1/weight"), e.dataset("/pieces/1/weight", {12}, numbers); },
                 {"/pieces/1/weight", "1 dimensions instead of 2"});
  expect_refused([&](Hdf5Editor& e) { e.dataset("/pieces/05", {12}, numbers); }, {"'05' is not a piece's index"});
  expect_refused([&](Hdf5Editor& e) { e.remove("/pieces/1"), e.dataset("/pieces/1", {12}, numbers); },
                 {"/pieces/1", "is not a group"});
  expect_refused(
      [](Hdf5Editor& e) {
        for (int i = 0; i < 5; ++i) e.remove("/pieces/" + std::to_string(i));
      },
      {"holds no pieces"});
}

TEST_F(ProblemFiles, ClaimsAreCheckedBeforeAllocating) {
  // Numbers that were never written: nothing is stored for them.
  const hsize_t huge = hsize_t{1} << 40;
  expect_refused(
      [&](Hdf5Editor& e) {
        e.remove("/pieces/1/weight"), e.dataset("/pieces/1/weight", {huge, 16}, {}, H5T_IEEE_F32LE, 1 << 10);
      },
      {"/pieces/1/weight", "claims more data than the file holds"});
  expect_refused(
      [&](Hdf5Editor& e) {
        e.remove("/data/inputs"), e.dataset("/data/inputs", {1 << 20, 100}, {});
      },
      {"/data/inputs", "claims more data than the file holds"});
}

TEST_F(ProblemFiles, NothingFromOutsideTheFile) {
  write_problem(folder_.path() / "other.h5", sample_.network, sample_.rows, {});
  expect_refused(
      [](Hdf5Editor& e) {
        e.remove("/pieces/1/weight");
        Hdf5Editor::check(
            H5Lcreate_external("other.h5", "/pieces/1/weight", e.file(), "/pieces/1/weight", H5P_DEFAULT, H5P_DEFAULT));
      },
      {"/pieces/1", "external link"});
  expect_refused(
      [](Hdf5Editor& e) {
        e.remove("/pieces/1");
        Hdf5Editor::check(H5Lcreate_soft("/pieces/0", e.file(), "/pieces/1", H5P_DEFAULT, H5P_DEFAULT));
      },
      {"/pieces", "soft or external link"});
  expect_refused(
      [](Hdf5Editor& e) {
        e.remove("/data/inputs");
        const hsize_t dims[] = {7, 3};
        const hid_t space = H5Screate_simple(2, dims, nullptr);
        const hid_t options = H5Pcreate(H5P_DATASET_CREATE);
        Hdf5Editor::check(H5Pset_external(options, "/etc/passwd", 0, 84));
        H5Dclose(Hdf5Editor::check(
            H5Dcreate2(e.file(), "/data/inputs", H5T_IEEE_F32LE, space, H5P_DEFAULT, options, H5P_DEFAULT)));
        H5Pclose(options);
        H5Sclose(space);
      },
      {"/data/inputs", "stored outside the file"});
}

TEST_F(ProblemFiles, CallersMistakes) {
  sample_.network.pieces[0].weight.pop_back();
  expect_error<InternalError>([&] { write(); }, {"write_problem"});
  sample_ = Sample();
  sample_.provenance["format"] = "mine";
  expect_error<InternalError>([&] { write(); }, {"'format' is not free"});
  EXPECT_FALSE(std::filesystem::exists(path()));
}

}  // namespace
}  // namespace kintsugi
