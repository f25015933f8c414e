#include "io/weights_line_file.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "io/hdf5_columns.hpp"
#include "io/hdf5_table.hpp"

namespace kintsugi {

namespace {

using h5::RowType;

struct LineRow {
  std::int32_t expand = 0;
  std::int32_t compress = 0;
  double off = 0;
};

RowType<LineRow> line_row_type() {
  return {{"expand", &LineRow::expand}, {"compress", &LineRow::compress}, {"off", &LineRow::off}};
}

struct FeatureRow {
  const char* name = nullptr;
  const char* side = nullptr;
  double smoothness = 0;
};

RowType<FeatureRow> feature_row_type() {
  return {{"name", &FeatureRow::name}, {"side", &FeatureRow::side}, {"smoothness", &FeatureRow::smoothness}};
}

constexpr std::array<std::pair<const char*, double WeightsLine::*>, 4> kLineNumbers{
    {{"line_agreement", &WeightsLine::agreement},
     {"line_significance", &WeightsLine::significance},
     {"line_significance_needed", &WeightsLine::needed},
     {"line_places", &WeightsLine::places}}};

}  // namespace

void put_weights_line(h5::Image& image, const WeightsLine& line) {
  if (line.blocks.empty()) return;
  std::vector<LineRow> rows;
  rows.reserve(line.blocks.size());
  for (std::size_t p = 0; p < line.blocks.size(); ++p)
    rows.push_back({line.blocks[p].expand, line.blocks[p].compress, line.off[p]});
  h5::write_rows(image, image.root(), "line", line_row_type(), rows);
  std::vector<FeatureRow> features;
  features.reserve(line.features.size());
  for (const FeatureSmoothness& each : line.features)
    features.push_back({each.name.c_str(), each.side.c_str(), each.smoothness});
  h5::write_rows(image, image.root(), "line_features", feature_row_type(), features);
  for (const auto& [name, member] : kLineNumbers) image.attribute(image.root(), name, line.*member);
}

WeightsLine read_weights_line(const h5::Reader& reader) {
  WeightsLine line;
  if (!reader.root().has("line")) return line;
  for (const LineRow& row : h5::read_rows(reader, "line", line_row_type())) {
    line.blocks.push_back({row.expand, row.compress});
    line.off.push_back(row.off);
  }
  const h5::Columns table(reader, reader.root(), "line_features");
  const std::vector<std::string> names = table.texts("name");
  const std::vector<std::string> sides = table.texts("side");
  const std::vector<double> smoothness = table.reals("smoothness");
  for (std::size_t f = 0; f < names.size(); ++f) line.features.push_back({names[f], sides[f], smoothness[f]});
  for (const auto& [name, member] : kLineNumbers) line.*member = h5::real_attribute(reader.root(), name);
  return line;
}

}  // namespace kintsugi
