#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "core/stop.hpp"
#include "io/column_choice.hpp"
#include "io/csv_dialect.hpp"
#include "io/csv_text.hpp"
#include "io/decimal.hpp"
#include "io/number_text.hpp"
#include "io/tensor.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

/// Parses rows into a buffer laid out by ColumnChoice::slot.
class RowParser {
 public:
  RowParser(const csv::Dialect& dialect, const ColumnChoice& columns, const std::string& file)
      : dialect_(dialect), columns_(columns), file_(file), values_(columns.row()), wide_(values_.size(), 0) {}

  /// Whether a number in slots [first, last) was written with more digits than a float32 needs.
  [[nodiscard]] bool wide(std::size_t first, std::size_t last) const {
    return std::any_of(wide_.begin() + static_cast<std::ptrdiff_t>(first),
                       wide_.begin() + static_cast<std::ptrdiff_t>(last), [](char wide) { return wide != 0; });
  }

  [[nodiscard]] const std::vector<double>& parse(std::string_view record, std::size_t line) {
    const bool blanks = dialect_.separator == ' ';
    if (blanks) record = record.substr(0, record.find_last_not_of(" \t") + 1);
    std::size_t at = 0;
    for (std::size_t column = 0; column < columns_.slot.size(); ++column) {
      if (blanks) at = std::min(record.find_first_not_of(" \t", at), record.size() + 1);
      if (at > record.size()) {
        throw InputError(place(line) + "has " + std::to_string(column) + " fields instead of " +
                         std::to_string(columns_.slot.size()) + " (short row)");
      }
      const std::size_t slot = columns_.slot[column];
      at = slot == ColumnChoice::kIgnored ? csv::field_end(record, at, dialect_.separator)
                                          : number_at(record, at, column, line, slot);
      ++at;
    }
    if (at <= record.size()) {
      throw InputError(place(line) + "has more than " + std::to_string(columns_.slot.size()) + " fields (long row)");
    }
    return values_;
  }

  /// Throws InputError where every decimal comma may as well have grouped thousands.
  void check_decimal_commas() const {
    if (!dialect_.decimal_comma || clear_ || first_unclear_.empty()) return;
    throw InputError(first_unclear_ +
                     "has a comma that may be a decimal comma or group thousands, as in all other numbers; write "
                     "decimal points and no thousands separators");
  }

 private:
  [[nodiscard]] std::string place(std::size_t line) const { return file_ + ", line " + std::to_string(line) + ": "; }
  [[nodiscard]] std::string place(std::size_t line, std::size_t column) const {
    return file_ + ", line " + std::to_string(line) + ", column " + std::to_string(column + 1) + " ('" +
           printable(dialect_.names[column]) + "'): ";
  }

  /// Reads the field at `at` into `slot` and returns where the field ends.
  std::size_t number_at(std::string_view record, std::size_t at, std::size_t column, std::size_t line,
                        std::size_t slot) {
    const char* const end = record.data() + record.size();
    const Decimal read = read_decimal(record.data() + at, end);
    const bool ends = read.next == end || (!dialect_.decimal_comma && *read.next == dialect_.separator);
    if (dialect_.decimal_comma || read.error != std::errc{} || !ends || !std::isfinite(read.value)) {
      return unusual_number(record, at, column, line, slot);
    }
    store(read, slot);
    return static_cast<std::size_t>(read.next - record.data());
  }

  /// The same for a number with blanks or quotes around it or in another spelling; anything else is an error.
  std::size_t unusual_number(std::string_view record, std::size_t at, std::size_t column, std::size_t line,
                             std::size_t slot) {
    const std::size_t stop = csv::field_end(record, at, dialect_.separator);
    const std::string_view field = bare_field(record.substr(at, stop - at));
    store(parse_number(field, dialect_.decimal_comma, place(line, column)), slot);
    if (!dialect_.decimal_comma || clear_) return stop;
    clear_ = !could_group_thousands(field);
    if (first_unclear_.empty() && field.find(',') != std::string_view::npos) {
      first_unclear_ = place(line, column).append("'").append(field).append("' ");
    }
    return stop;
  }

  void store(const Decimal& read, std::size_t slot) {
    values_[slot] = read.value;
    wide_[slot] = static_cast<char>(wide_[slot] | static_cast<char>(read.wide));
  }

  const csv::Dialect& dialect_;
  const ColumnChoice& columns_;
  const std::string& file_;
  std::vector<double> values_;
  std::vector<char> wide_;  // by slot
  bool clear_ = false;      // a comma was seen that can only be a decimal comma
  std::string first_unclear_;
};

/// Numbers printed with a float32's digits are float32 values: the nearest ones, but for those beyond its range.
void round_to_float(std::vector<double>& values) {
  for (double& value : values) {
    const auto narrow = static_cast<float>(value);
    value = std::isfinite(narrow) ? static_cast<double>(narrow) : value;
  }
}

/// A number takes at least two bytes with its separator, so the file's size bounds what is set aside.
void reserve(RowsF64& rows, const ColumnChoice& columns, std::string_view text) {
  const auto most_rows = static_cast<std::size_t>(std::count(text.begin(), text.end(), csv::line_end_of(text))) + 1;
  const std::size_t most_numbers = text.size() / 2 + 1;
  rows.inputs.reserve(std::min(most_rows * columns.width, most_numbers));
  rows.predictions.reserve(std::min(most_rows * columns.outputs, most_numbers));
  rows.targets.reserve(std::min(most_rows * columns.targets, most_numbers));
}

/// Rows of nothing but separators and blanks, as spreadsheets leave them behind the table.
bool is_empty_row(std::string_view record, char separator) {
  return std::ranges::all_of(record, [&](char c) { return c == ' ' || c == '\t' || c == '\r' || c == separator; });
}

/// What the rows of a table are read with, one after the other.
class RowReader {
 public:
  RowReader(csv::Records records, const csv::Dialect& dialect, const ColumnChoice& columns, const std::string& file)
      : records_(std::move(records)), dialect_(dialect), columns_(columns), parser_(dialect, columns, file) {
    reserve(rows_, columns, records_.rest());
  }

  [[nodiscard]] RowsF64 read() {
    std::string empty_place;
    while (!records_.done()) {
      throw_if_stopped();
      const std::string_view record = records_.next(dialect_.separator);
      if (is_empty_row(record, dialect_.separator)) {
        if (empty_place.empty()) empty_place = records_.place();
        continue;
      }
      if (csv::is_comment(record) && !is_commented_row(record)) continue;
      if (!empty_place.empty()) throw InputError(empty_place + "is empty; only the end of the file may be");
      add(parser_.parse(record, records_.line()).data());
    }
    parser_.check_decimal_commas();
    return finish();
  }

 private:
  /// A line that starts like a comment and is a row for all that: nobody can tell what is meant.
  [[nodiscard]] bool is_commented_row(std::string_view record) const {
    if (csv::split(record, dialect_.separator).size() != columns_.slot.size()) return false;
    throw InputError(records_.place() +
                     "starts like a comment, but has as many fields as a row; take the line out, or "
                     "the sign at its beginning");
  }

  void add(const double* values) {
    const double* const predictions = values + columns_.width;
    const double* const targets = predictions + columns_.outputs;
    rows_.inputs.insert(rows_.inputs.end(), values, predictions);
    rows_.predictions.insert(rows_.predictions.end(), predictions, targets);
    rows_.targets.insert(rows_.targets.end(), targets, targets + columns_.targets);
    ++rows_.shape.rows;
  }

  RowsF64 finish() {
    const std::size_t first_target = columns_.width + columns_.outputs;
    if (!parser_.wide(0, columns_.width)) round_to_float(rows_.inputs);
    if (!parser_.wide(columns_.width, first_target)) round_to_float(rows_.predictions);
    if (!parser_.wide(first_target, columns_.row())) round_to_float(rows_.targets);
    rows_.shape.width = columns_.width;
    rows_.shape.outputs = columns_.outputs;
    return std::move(rows_);
  }

  csv::Records records_;
  const csv::Dialect& dialect_;
  const ColumnChoice& columns_;
  RowParser parser_;
  RowsF64 rows_;
};

}  // namespace

Table read_csv_text(std::string_view text, const TableOptions& options, const std::string& file) {
  Table table;
  csv::Records records(text, file);
  const csv::Dialect dialect = csv::find_dialect(records, file, table.notes);
  const std::string place = file + ", line " + std::to_string(dialect.header_line) + ": ";
  if (dialect.names.size() < 2) {
    throw InputError(place + "has one field: none of , ; tab | or a blank separates fields here");
  }
  const ColumnChoice columns = choose_columns(dialect.names, dialect.named, options, place, table.notes);
  table.rows = RowReader(records, dialect, columns, file).read();
  if (table.rows.shape.rows == 0) throw InputError(file + ": has no rows under its header");
  if (dialect.separator != ',' || dialect.decimal_comma) {
    table.notes.push_back("fields are separated by " + csv::name_of_separator(dialect.separator) +
                          (dialect.decimal_comma ? ", decimals by commas" : ""));
  }
  return table;
}

}  // namespace kintsugi
