#include "io/csv_dialect.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "io/number_text.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::csv {

namespace {

constexpr std::size_t kLooked = 100;  // rows
/// Those that a decimal comma or a blank can't be mistaken for come first.
constexpr std::array<char, 5> kSeparators{'\t', ';', '|', ',', ' '};

bool is_blank(std::string_view record) { return record.find_first_not_of(" \t\r") == std::string_view::npos; }

/// Of a comment, what follows its sign.
std::string_view uncommented(std::string_view record) {
  const std::size_t sign = record.find_first_of("#%");
  const std::size_t first = record.find_first_not_of("#% \t", sign);
  return first == std::string_view::npos ? std::string_view() : record.substr(first);
}

/// The separator in "sep=;", as Excel writes it before the header.
std::optional<char> named_separator(std::string_view record) {
  record = record.starts_with('"') && record.ends_with('"') && record.size() > 1 ? record.substr(1, record.size() - 2)
                                                                                 : record;
  constexpr std::string_view kKey = "sep=";
  if (record.size() != kKey.size() + 1) return std::nullopt;
  std::string key(record.substr(0, kKey.size()));
  std::ranges::transform(key, key.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const char separator = record.back();
  if (key != kKey || std::ranges::find(kSeparators, separator) == kSeparators.end()) return std::nullopt;
  return separator;
}

/// The lines before the table, and the table's first lines.
struct Start {
  std::optional<char> separator;  // named in the file
  std::string_view comment;       // the last one; empty: none
  std::size_t comment_line = 0;
  std::vector<std::string_view> records;
};

/// The first records when the table is split at `separator`, and whether all have the same number of fields.
struct Trial {
  std::size_t fields = 0;  // of the first record
  std::size_t rows = 0;    // of the records behind it; 0: they differ
};

Trial try_separator(const std::vector<std::string_view>& records, char separator) {
  Trial trial;
  trial.fields = split(records[0], separator).size();
  trial.rows = records.size() > 1 ? split(records[1], separator).size() : trial.fields;
  for (std::size_t i = 2; i < records.size(); ++i) {
    if (split(records[i], separator).size() != trial.rows) trial.rows = 0;
  }
  return trial;
}

/// The one that splits all records into the same number of fields, two or more; else (the records then break a rule)
/// the one that splits the first record most often. A header may lack the name of the rows' first or last field.
char choose_separator(const std::vector<std::string_view>& records) {
  for (const std::size_t missing : {0, 1}) {
    for (const char separator : kSeparators) {
      const Trial trial = try_separator(records, separator);
      if (trial.fields >= 2 && trial.rows == trial.fields + missing) return separator;
    }
  }
  return *std::ranges::max_element(kSeparators, {},
                                   [&](char separator) { return split(records[0], separator).size(); });
}

/// Numbers with a fraction or exponent are found in rows, never in a header.
bool is_fraction(std::string_view field) {
  return field.find_first_of(".,eE") != std::string_view::npos && (is_number(field, false) || is_number(field, true));
}

bool is_any_number(std::string_view field) { return is_number(field, false) || is_number(field, true); }

/// "0,1,2,...": the names that pandas gives to columns that have none.
bool is_counting(const std::vector<std::string_view>& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (bare_field(fields[i]) != std::to_string(i)) return false;
  }
  return fields.size() > 2;
}

bool is_header(const std::vector<std::string_view>& fields) {
  bool any_word = false;
  for (const std::string_view field : fields) {
    const std::string_view bare = bare_field(field);
    if (is_fraction(bare)) return false;
    any_word = any_word || (!bare.empty() && !is_any_number(bare));
  }
  return any_word || is_counting(fields) || (fields.size() > 1 && bare_field(fields[0]).empty());
}

/// A name without quotes, doubled ones made single.
std::string header_name(std::string_view field) {
  std::string name(bare_field(field));
  for (std::size_t at = name.find("\"\""); at != std::string::npos; at = name.find("\"\"", at + 1)) name.erase(at, 1);
  return name;
}

bool finds_decimal_commas(const std::vector<std::string_view>& rows, char separator) {
  std::size_t commas = 0;
  std::size_t points = 0;
  for (const std::string_view row : rows) {
    for (const std::string_view field : split(row, separator)) {
      const std::string_view bare = bare_field(field);
      if (bare.find(',') != std::string_view::npos && is_number(bare, true)) ++commas;
      if (bare.find('.') != std::string_view::npos && is_number(bare, false)) ++points;
    }
  }
  return commas > points;
}

/// Reads what stands before the table, and looks at its first records; `records` is left before them.
Start read_start(Records& records, const std::string& file) {
  Start start;
  Records ahead = records;
  for (; !ahead.done(); records = ahead) {
    const std::string_view record = ahead.next(start.separator.value_or(kAnySeparator));
    if (is_blank(record)) continue;
    if (const std::optional<char> separator = named_separator(record); separator && !start.separator) {
      start.separator = separator;
    } else if (is_comment(record)) {
      start.comment = uncommented(record);
      start.comment_line = ahead.line();
    } else {
      break;
    }
  }
  if (records.done()) {
    throw InputError(file + (start.comment.empty() ? ": is empty; its first line must name the columns"
                                                   : ": has no rows: every line is a comment"));
  }
  return start;
}

/// The first records, split by `separator`'s rules for quotes.
std::vector<std::string_view> look_ahead(Records ahead, char separator) {
  std::vector<std::string_view> records;
  while (!ahead.done() && records.size() <= kLooked) {
    const std::string_view record = ahead.next(separator);
    if (!is_blank(record) && !is_comment(record)) records.push_back(record);
  }
  return records;
}

/// The names in a comment, as numpy.savetxt writes its header; empty: it is not one of `columns` names.
std::vector<std::string_view> header_in_comment(std::string_view comment, std::size_t columns) {
  for (const char separator : kSeparators) {
    std::vector<std::string_view> fields = split(comment, separator);
    if (columns >= 2 && fields.size() == columns && is_header(fields)) return fields;
  }
  return {};
}

/// Takes the records up to the header, which is `header`.
void skip_past(Records& records, std::string_view header, Dialect& dialect) {
  while (records.next(dialect.separator).data() != header.data()) {
  }
  dialect.header_line = records.line();
}

/// Gives the rows' field that the header has no name for an empty one: the first, or the last where it is blank.
void name_the_nameless(Dialect& dialect, const std::vector<std::string_view>& rows, std::vector<std::string>& notes) {
  const auto has_one_more = [&](std::string_view row) {
    return split(row, dialect.separator).size() == dialect.names.size() + 1;
  };
  if (rows.size() < 2 || !std::ranges::all_of(rows, has_one_more)) return;
  const auto ends_blank = [&](std::string_view row) {
    return bare_field(split(row, dialect.separator).back()).empty();
  };
  if (std::ranges::all_of(rows, ends_blank)) {
    dialect.names.emplace_back();
  } else {
    dialect.names.insert(dialect.names.begin(), "");
    notes.emplace_back("rows have one field more than the header: the first is taken for the rows' names");
  }
}

}  // namespace

bool is_comment(std::string_view record) {
  const std::size_t first = record.find_first_not_of(" \t");
  return first != std::string_view::npos && (record[first] == '#' || record[first] == '%');
}

std::vector<std::string_view> split(std::string_view record, char separator) {
  std::vector<std::string_view> fields;
  if (separator == ' ') {
    const std::size_t last = record.find_last_not_of(" \t");
    record = record.substr(0, last == std::string_view::npos ? 0 : last + 1);
  }
  for (std::size_t at = 0;; ++at) {
    if (separator == ' ') at = std::min(record.find_first_not_of(" \t", at), record.size());
    const std::size_t end = field_end(record, at, separator);
    fields.push_back(record.substr(at, end - at));
    at = end;
    if (at == record.size()) return fields;
  }
}

std::string name_of_separator(char separator) {
  if (separator == '\t') return "tabs";
  return separator == ' ' ? "blanks" : std::string("'") + separator + "'";
}

Dialect find_dialect(Records& records, const std::string& file, std::vector<std::string>& notes) {
  const Start start = read_start(records, file);
  Dialect dialect;
  dialect.separator = start.separator.value_or(choose_separator(look_ahead(records, kAnySeparator)));
  std::vector<std::string_view> rows = look_ahead(records, dialect.separator);
  const std::vector<std::string_view> first = split(rows[0], dialect.separator);
  std::vector<std::string_view> header;
  if (is_header(first)) {
    header = first;
    skip_past(records, rows[0], dialect);
    rows.erase(rows.begin());
  } else {
    header = header_in_comment(start.comment, first.size());
    dialect.header_line = header.empty() ? 1 : start.comment_line;
  }
  dialect.named = !header.empty();
  for (std::size_t i = 0; i < (dialect.named ? header.size() : first.size()); ++i) {
    dialect.names.push_back(dialect.named ? header_name(header[i]) : std::to_string(i + 1));
  }
  if (dialect.named) name_the_nameless(dialect, rows, notes);
  dialect.decimal_comma = finds_decimal_commas(rows, dialect.separator);
  return dialect;
}

}  // namespace kintsugi::csv
