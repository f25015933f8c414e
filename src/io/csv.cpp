#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/decimal.hpp"
#include "io/file_bytes.hpp"
#include "io/import.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

/// One line after the other, without its end (LF or CRLF).
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool done() const { return rest_.empty(); }
  [[nodiscard]] std::size_t number() const { return number_; }

  std::string_view next() {
    ++number_;
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  [[nodiscard]] bool only_blank_left() const { return rest_.find_first_not_of("\r\n \t") == std::string_view::npos; }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

/// Where the field that starts at `at` ends: at a comma or the end of the line. Commas inside double quotes do not
/// count.
std::size_t field_end(std::string_view line, std::size_t at) {
  if (at < line.size() && line[at] == '"') {
    for (++at; at < line.size() && (line[at] != '"' || line.substr(at + 1).starts_with('"')); ++at) {
      if (line[at] == '"') ++at;
    }
  }
  return std::min(line.find(',', at), line.size());
}

/// A field as text: blanks and double quotes around it taken off.
std::string_view bare(std::string_view field) {
  const std::size_t first = field.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  field = field.substr(first, field.find_last_not_of(" \t") - first + 1);
  if (field.size() >= 2 && field.front() == '"' && field.back() == '"') field = field.substr(1, field.size() - 2);
  return field;
}

std::vector<std::string> header_names(std::string_view line) {
  std::vector<std::string> names;
  for (std::size_t at = 0;; ++at) {
    const std::size_t end = field_end(line, at);
    names.emplace_back(bare(line.substr(at, end - at)));
    at = end;
    if (at == line.size()) return names;
  }
}

/// The header: which file column goes to which place of a row [inputs, predictions, targets].
struct Columns {
  static constexpr std::size_t kIgnored = static_cast<std::size_t>(-1);
  std::vector<std::string> names;
  std::vector<std::size_t> slot;  ///< by file column
  std::size_t width = 0;
  std::size_t outputs = 0;
  std::size_t targets = 0;
};

/// The number in "measurement_12" after the prefix "measurement_"; nothing where `name` is not of that form.
std::optional<std::size_t> numbered(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

/// File columns of the names prefix0, prefix1, ... or of `single` alone.
class ColumnFamily {
 public:
  ColumnFamily(const std::vector<std::string>& names, std::string single, std::string prefix,
               const std::string& place) {
    for (std::size_t column = 0; column < names.size(); ++column) {
      std::optional<std::size_t> number = numbered(names[column], prefix);
      if (!single.empty() && names[column] == single) {
        number = 0;
        has_single_ = true;
      } else if (number) {
        has_numbered_ = true;
      } else {
        continue;
      }
      if (has_single_ && has_numbered_)
        throw InputError(place + "has both '" + single + "' and '" + prefix + "N' columns");
      found_.emplace_back(*number, column);
    }
    std::sort(found_.begin(), found_.end());
    for (std::size_t i = 0; i < found_.size(); ++i) {
      if (i > 0 && found_[i].first == found_[i - 1].first) {
        throw InputError(place + "column '" + names[found_[i].second] + "' appears twice");
      }
      if (found_[i].first != i) {
        throw InputError(place + "column '" + prefix + std::to_string(i) +
                         "' is missing; numbers run from 0 without a gap");
      }
    }
  }

  [[nodiscard]] std::size_t size() const { return found_.size(); }

  void assign(std::vector<std::size_t>& slot, std::size_t first) const {
    for (const auto& [number, column] : found_) slot[column] = first + number;
  }

 private:
  std::vector<std::pair<std::size_t, std::size_t>> found_;  // number, file column
  bool has_single_ = false;
  bool has_numbered_ = false;
};

Columns read_header(std::string_view line, const std::string& file) {
  const std::string place = file + ", line 1: ";
  Columns columns;
  columns.names = header_names(line);
  const ColumnFamily inputs(columns.names, "", "measurement_", place);
  const ColumnFamily predictions(columns.names, "pred", "pred_", place);
  const ColumnFamily targets(columns.names, "true", "true_", place);
  if (inputs.size() == 0) throw InputError(place + "column 'measurement_0' is missing");
  if (predictions.size() == 0) throw InputError(place + "column 'pred' (or 'pred_0') is missing");
  if (targets.size() != 0 && targets.size() != predictions.size()) {
    throw InputError(place + "has " + std::to_string(targets.size()) + " 'true' columns, but " +
                     std::to_string(predictions.size()) + " 'pred' columns");
  }
  columns.width = inputs.size();
  columns.outputs = predictions.size();
  columns.targets = targets.size();
  columns.slot.assign(columns.names.size(), Columns::kIgnored);
  inputs.assign(columns.slot, 0);
  predictions.assign(columns.slot, columns.width);
  targets.assign(columns.slot, columns.width + columns.outputs);
  return columns;
}

/// Parses rows into a buffer laid out by Columns::slot.
class RowParser {
 public:
  RowParser(const Columns& columns, const std::string& file)
      : columns_(columns),
        file_(file),
        values_(columns.width + columns.outputs + columns.targets),
        wide_(values_.size(), 0) {}

  /// Whether a number in slots [first, last) was written with more digits than a float32 needs.
  [[nodiscard]] bool wide(std::size_t first, std::size_t last) const {
    return std::any_of(wide_.begin() + static_cast<std::ptrdiff_t>(first),
                       wide_.begin() + static_cast<std::ptrdiff_t>(last), [](char wide) { return wide != 0; });
  }

  [[nodiscard]] const std::vector<double>& parse(std::string_view line, std::size_t number) {
    std::size_t at = 0;
    for (std::size_t column = 0; column < columns_.slot.size(); ++column) {
      if (at > line.size()) {
        throw InputError(place(number) + "has " + std::to_string(column) + " fields instead of " +
                         std::to_string(columns_.slot.size()) + " (short row)");
      }
      const std::size_t slot = columns_.slot[column];
      at = slot == Columns::kIgnored ? field_end(line, at) : number_at(line, at, column, number, slot);
      ++at;
    }
    if (at <= line.size()) {
      throw InputError(place(number) + "has more than " + std::to_string(columns_.slot.size()) + " fields (long row)");
    }
    return values_;
  }

 private:
  [[nodiscard]] std::string place(std::size_t line) const { return file_ + ", line " + std::to_string(line) + ": "; }

  /// Reads the field at `at` into `slot` and returns where the field ends.
  std::size_t number_at(std::string_view line, std::size_t at, std::size_t column, std::size_t number,
                        std::size_t slot) {
    const char* const end = line.data() + line.size();
    const Decimal read = read_decimal(line.data() + at, end);
    if (read.error != std::errc{} || (read.next != end && *read.next != ',') || !std::isfinite(read.value)) {
      return unusual_number(line, at, column, number, slot);
    }
    store(read, slot);
    return static_cast<std::size_t>(read.next - line.data());
  }

  /// The same for a number with blanks or quotes around it; anything else is an error.
  std::size_t unusual_number(std::string_view line, std::size_t at, std::size_t column, std::size_t number,
                             std::size_t slot) {
    const std::size_t stop = field_end(line, at);
    const std::string_view field = bare(line.substr(at, stop - at));
    const Decimal read = read_decimal(field.data(), field.data() + field.size());
    constexpr std::size_t kLongest = 40;
    const std::string where = file_ + ", line " + std::to_string(number) + ", column " + std::to_string(column + 1) +
                              " ('" + columns_.names[column] + "'): '" + std::string(field.substr(0, kLongest)) + "' ";
    if (read.error == std::errc::result_out_of_range) throw InputError(where + "does not fit a float64");
    if (read.error != std::errc{} || read.next != field.data() + field.size())
      throw InputError(where + "is not a number");
    if (!std::isfinite(read.value)) throw InputError(where + "is not finite");
    store(read, slot);
    return stop;
  }

  void store(const Decimal& read, std::size_t slot) {
    values_[slot] = read.value;
    wide_[slot] = static_cast<char>(wide_[slot] | static_cast<char>(read.wide));
  }

  const Columns& columns_;
  const std::string& file_;
  std::vector<double> values_;
  std::vector<char> wide_;  // by slot
};

/// Numbers printed with a float32's digits are float32 values: the nearest ones, but for those beyond its range.
void round_to_float(std::vector<double>& values) {
  for (double& value : values) {
    const auto narrow = static_cast<float>(value);
    value = std::isfinite(narrow) ? static_cast<double>(narrow) : value;
  }
}

/// A number takes at least two bytes with its comma, so the file's size bounds what is set aside.
void reserve(RowsF64& rows, const Columns& columns, std::string_view text) {
  const auto most_rows = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  const std::size_t most_numbers = text.size() / 2 + 1;
  rows.inputs.reserve(std::min(most_rows * columns.width, most_numbers));
  rows.predictions.reserve(std::min(most_rows * columns.outputs, most_numbers));
  rows.targets.reserve(std::min(most_rows * columns.targets, most_numbers));
}

}  // namespace

RowsF64 read_csv(const std::filesystem::path& path) {
  const std::string file = path.string();
  const FileBytes content(path);
  std::string_view text(content.bytes().data(), content.bytes().size());
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Lines lines(text);
  if (lines.done()) throw InputError(file + ": is empty; line 1 must name the columns");
  const Columns columns = read_header(lines.next(), file);

  RowsF64 rows;
  RowParser parser(columns, file);
  reserve(rows, columns, text);
  std::size_t count = 0;
  while (!lines.only_blank_left()) {
    const std::string_view line = lines.next();
    if (bare(line).empty()) {
      throw InputError(file + ", line " + std::to_string(lines.number()) +
                       ": is empty; only the end of the file may be");
    }
    const double* values = parser.parse(line, lines.number()).data();
    const double* const predictions = values + columns.width;
    const double* const targets = predictions + columns.outputs;
    rows.inputs.insert(rows.inputs.end(), values, predictions);
    rows.predictions.insert(rows.predictions.end(), predictions, targets);
    rows.targets.insert(rows.targets.end(), targets, targets + columns.targets);
    ++count;
  }
  if (count == 0) throw InputError(file + ": has no rows under its header");
  const std::size_t first_target = columns.width + columns.outputs;
  if (!parser.wide(0, columns.width)) round_to_float(rows.inputs);
  if (!parser.wide(columns.width, first_target)) round_to_float(rows.predictions);
  if (!parser.wide(first_target, first_target + columns.targets)) round_to_float(rows.targets);
  rows.shape = {count, columns.width, columns.outputs};
  return rows;
}

}  // namespace kintsugi
