#include "io/column_choice.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "io/tensor.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

using Columns = std::vector<std::size_t>;

/// The number in "measurement_12" after the prefix "measurement_"; nothing where `name` is not of that form.
std::optional<std::size_t> numbered(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

/// Columns of the names prefix0, prefix1, ... or of `single` alone, in this order.
Columns standard_columns(std::span<const std::string> names, const std::string& single, const std::string& prefix,
                         const std::string& place) {
  std::vector<std::pair<std::size_t, std::size_t>> found;  // number, column
  bool has_single = false;
  bool has_numbered = false;
  for (std::size_t column = 0; column < names.size(); ++column) {
    std::optional<std::size_t> number = numbered(names[column], prefix);
    const bool is_single = !single.empty() && names[column] == single;
    if (is_single) number = 0;
    if (!number) continue;
    has_single = has_single || is_single;
    has_numbered = has_numbered || !is_single;
    if (has_single && has_numbered)
      throw InputError(std::string(place)
                           .append("has both ")
                           .append(quoted(single))
                           .append(" and '")
                           .append(prefix)
                           .append("N' columns"));
    found.emplace_back(*number, column);
  }
  std::ranges::sort(found);
  Columns columns;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i > 0 && found[i].first == found[i - 1].first) {
      throw InputError(place + "column '" + names[found[i].second] + "' appears twice");
    }
    if (found[i].first != i) {
      throw InputError(std::string(place).append("column '").append(prefix).append(std::to_string(i)) +
                       "' is missing; numbers run from 0 without a gap");
    }
    columns.push_back(found[i].second);
  }
  return columns;
}

/// "'a', 'b', ... and 45 more"
std::string list_of(std::span<const std::string> names) {
  constexpr std::size_t kListed = 6;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kListed); ++i) {
    text.append(i == 0 ? "" : ", ").append(quoted(names[i]));
  }
  if (names.size() > kListed) text.append(" and ").append(std::to_string(names.size() - kListed)).append(" more");
  return text;
}

constexpr const char* kRemedy =
    "name them with --inputs and --predictions (--inputs x0..x47 --predictions y, or by "
    "number, --inputs 1-48 --predictions 49)";

/// A name without the number that it ends in, and that number.
std::pair<std::string, std::optional<std::size_t>> split_number(const std::string& name) {
  constexpr std::size_t kMostDigits = 9;
  std::size_t first = name.size();
  while (first > 0 && name.size() - first < kMostDigits &&
         std::isdigit(static_cast<unsigned char>(name[first - 1])) != 0) {
    --first;
  }
  if (first == name.size()) return {name, std::nullopt};
  return {name.substr(0, first), std::stoul(name.substr(first))};
}

/// Names the columns that hold the index of a row and no measurement.
bool is_index(const std::string& name) {
  const std::string plain = plain_name(name);
  return plain.empty() || plain == "index" || plain == "id" || plain == "row" || plain == "rowid" ||
         plain == "unnamed:0";
}

class Guess {
 public:
  Guess(std::span<const std::string> names, bool named, const TableOptions& options, const std::string& place,
        std::vector<std::string>& notes)
      : names_(names), named_(named), options_(options), place_(place), notes_(notes), taken_(names.size(), 0) {}

  ColumnChoice choose() {
    Columns inputs = given(options_.inputs, "--inputs");
    Columns predictions = given(options_.predictions, "--predictions");
    Columns targets = given(options_.targets, "--targets");
    const bool none_given = inputs.empty() && predictions.empty() && targets.empty();
    if (none_given && (!named_ || is_counting())) return by_position();
    if (named_ && predictions.empty()) predictions = by_meaning("pred", "pred_", names_predictions, "predictions");
    if (named_ && targets.empty()) targets = by_meaning("true", "true_", names_targets, "targets");
    if (named_ && inputs.empty()) inputs = find_inputs(predictions.size());
    if (inputs.empty()) fail("column 'measurement_0' is missing");
    if (options_.without_predictions) return finish(inputs, {}, {});
    if (named_ && predictions.empty()) predictions = the_only_other(inputs.size());
    if (predictions.empty())
      fail("column 'pred' (or 'pred_0') is missing ('kintsugi import --without-predictions' needs none)");
    return finish(inputs, predictions, targets);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    if (!named_) {
      throw InputError(place_ + "the table has no header (its first line is a row) and " +
                       std::to_string(names_.size()) +
                       " columns, and which are inputs and which predictions is not clear; " + kRemedy);
    }
    throw InputError(place_ + what + "; the columns are " + list_of(names_) + "; " + kRemedy);
  }

  /// All columns but those that hold a row's index.
  [[nodiscard]] Columns measured() const {
    Columns columns;
    for (std::size_t column = 0; column < names_.size(); ++column) {
      if (!named_ || !is_index(names_[column])) columns.push_back(column);
    }
    return columns;
  }

  /// "0", "1", "2", ...: what pandas calls columns that have no names.
  [[nodiscard]] bool is_counting() const {
    const Columns columns = measured();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (names_[columns[i]] != std::to_string(i)) return false;
    }
    return !columns.empty();
  }

  void take(const Columns& columns) {
    for (const std::size_t column : columns) {
      if (taken_[column]++ != 0) {
        throw InputError(place_ + "column " + quoted(names_[column]) + " would have two meanings");
      }
    }
  }

  Columns given(const std::string& list, const std::string& option) {
    if (list.empty()) return {};
    Columns columns = find_columns(list, names_, option, place_);
    take(columns);
    return columns;
  }

  void say(const std::string& what, const Columns& columns) {
    const std::string count = std::to_string(columns.size()) + (columns.size() == 1 ? " column, " : " columns, ");
    const std::string first = quoted(names_[columns.front()]);
    const std::string last = quoted(names_[columns.back()]);
    notes_.push_back(what + " are taken from " + count + first + (columns.size() == 1 ? "" : " to " + last) + " (--" +
                     what + " names others)");
  }

  /// By the documented names; else by others of that meaning, all of one family.
  Columns by_meaning(const std::string& single, const std::string& prefix, bool (*means)(std::string_view),
                     const std::string& what) {
    Columns columns = standard_columns(names_, single, prefix, place_);
    if (columns.empty()) {
      std::map<std::string, std::map<std::size_t, std::size_t>> families;
      for (std::size_t column = 0; column < names_.size(); ++column) {
        const auto [stem, number] = split_number(names_[column]);
        if (taken_[column] == 0 && means(plain_name(stem))) families[plain_name(stem)][number.value_or(0)] = column;
      }
      if (families.size() > 1 && what == "predictions") fail("columns of more than one name may hold the predictions");
      if (families.size() != 1) return {};
      for (const auto& [number, column] : families.begin()->second) columns.push_back(column);
      say(what, columns);
    }
    take(columns);
    return columns;
  }

  [[nodiscard]] bool allows(std::size_t width, std::size_t outputs) const {
    return std::ranges::any_of(options_.shapes, [&](const auto& shape) {
      return shape.first == width && (outputs == 0 || shape.second == outputs);
    });
  }

  /// The documented names; else the one numbered family of a size that the pieces allow; else all other columns, where
  /// they are as many as the pieces allow.
  Columns find_inputs(std::size_t outputs) {
    Columns columns = standard_columns(names_, "", "measurement_", place_);
    if (!columns.empty()) {
      take(columns);
      return columns;
    }
    std::vector<Columns> fitting;
    for (const Columns& family : families()) {
      if (options_.shapes.empty() ? family.size() > 1 : allows(family.size(), outputs)) fitting.push_back(family);
    }
    if (fitting.empty()) {
      Columns others;
      for (std::size_t column = 0; column < names_.size(); ++column) {
        if (taken_[column] == 0 && !is_index(names_[column])) others.push_back(column);
      }
      const bool sure = outputs > 0 || options_.without_predictions;
      if (!others.empty() && sure && allows(others.size(), outputs)) fitting.push_back(others);
    }
    if (fitting.size() != 1) return {};
    say("inputs", fitting[0]);
    take(fitting[0]);
    return fitting[0];
  }

  /// Columns that differ in a number only, where these run from 0 or 1 without a gap, in the numbers' order.
  [[nodiscard]] std::vector<Columns> families() const {
    std::map<std::string, std::map<std::size_t, Columns>> by_stem;
    for (std::size_t column = 0; column < names_.size(); ++column) {
      const auto [stem, number] = split_number(names_[column]);
      if (taken_[column] == 0 && number) by_stem[stem][*number].push_back(column);
    }
    std::vector<Columns> families;
    for (const auto& [stem, members] : by_stem) {
      const std::size_t first = members.begin()->first;
      const bool whole = first <= 1 && members.rbegin()->first - first + 1 == members.size();
      const bool single = std::ranges::all_of(members, [](const auto& member) { return member.second.size() == 1; });
      if (!whole || !single) continue;
      Columns& family = families.emplace_back();
      for (const auto& [number, columns] : members) family.push_back(columns.front());
    }
    return families;
  }

  /// The columns that are left over where they are as many as the pieces have outputs for that width.
  Columns the_only_other(std::size_t width) {
    Columns others;
    for (std::size_t column = 0; column < names_.size(); ++column) {
      if (taken_[column] == 0 && !is_index(names_[column])) others.push_back(column);
    }
    if (others.empty() || !allows(width, others.size())) return {};
    say("predictions", others);
    take(others);
    return others;
  }

  /// Without names: inputs first, then predictions, where there are as many columns as the pieces allow for just that.
  ColumnChoice by_position() {
    const Columns columns = measured();
    if (options_.without_predictions && allows(columns.size(), 0)) {
      say("inputs", columns);
      return finish(columns, {}, {});
    }
    const auto fits = [&](const auto& shape) { return shape.first + shape.second == columns.size(); };
    if (std::ranges::count_if(options_.shapes, fits) != 1) fail("columns have no names");
    const auto width = static_cast<std::ptrdiff_t>(std::ranges::find_if(options_.shapes, fits)->first);
    const Columns inputs(columns.begin(), columns.begin() + width);
    const Columns predictions(columns.begin() + width, columns.end());
    if (!named_) notes_.emplace_back("the table has no header");
    say("inputs", inputs);
    if (options_.without_predictions) return finish(inputs, {}, {});
    say("predictions", predictions);
    return finish(inputs, predictions, {});
  }

  [[nodiscard]] ColumnChoice finish(const Columns& inputs, const Columns& predictions, const Columns& targets) const {
    if (!targets.empty() && targets.size() != predictions.size()) {
      throw InputError(place_ + "has " + std::to_string(targets.size()) + " 'true' columns, but " +
                       std::to_string(predictions.size()) + " 'pred' columns");
    }
    ColumnChoice choice;
    choice.slot.assign(names_.size(), ColumnChoice::kIgnored);
    choice.width = inputs.size();
    choice.outputs = predictions.size();
    choice.targets = targets.size();
    std::size_t next = 0;
    for (const Columns* const columns : {&inputs, &predictions, &targets}) {
      for (const std::size_t column : *columns) choice.slot[column] = next++;
    }
    return choice;
  }

  std::span<const std::string> names_;
  bool named_;
  const TableOptions& options_;
  const std::string& place_;
  std::vector<std::string>& notes_;
  std::vector<char> taken_;  // by column
};

/// Finds the columns that one item of a list means.
class ColumnList {
 public:
  ColumnList(std::span<const std::string> names, const std::string& option, const std::string& place)
      : names_(names), option_(option), place_(place) {}

  void add(const std::string& item, Columns& columns) const {
    if (const std::optional<std::size_t> column = place_of(item)) {
      columns.push_back(*column);
    } else if (item.ends_with('*')) {
      add_family(item.substr(0, item.size() - 1), columns);
    } else if (!add_range(item, columns)) {
      throw InputError(place_ + option_ + ": there is no column " + quoted(item) + "; the columns are " +
                       list_of(names_));
    }
  }

 private:
  /// The column of that name, or of that number from 1 where no column has the name.
  [[nodiscard]] std::optional<std::size_t> place_of(const std::string& word) const {
    const auto found = std::ranges::find(names_, word);
    if (found != names_.end()) {
      if (std::find(found + 1, names_.end(), word) != names_.end()) {
        throw InputError(place_ + option_ + ": column " + quoted(word) + " appears twice");
      }
      return static_cast<std::size_t>(found - names_.begin());
    }
    const std::optional<std::size_t> number = numbered(word, "");
    if (!number || *number < 1 || *number > names_.size()) return std::nullopt;
    return *number - 1;
  }

  bool add_range(const std::string& item, Columns& columns) const {
    for (const std::string_view sign : {"..", ":", "-"}) {
      for (std::size_t at = item.find(sign); at != std::string::npos; at = item.find(sign, at + 1)) {
        const std::optional<std::size_t> first = place_of(item.substr(0, at));
        const std::optional<std::size_t> last = place_of(item.substr(at + sign.size()));
        if (!first || !last) continue;
        if (*last < *first) throw InputError(place_ + option_ + ": " + quoted(item) + " runs backwards");
        for (std::size_t column = *first; column <= *last; ++column) columns.push_back(column);
        return true;
      }
    }
    return false;
  }

  /// All columns whose names begin so; by their numbers where all have one, else as they stand.
  void add_family(const std::string& prefix, Columns& columns) const {
    std::vector<std::pair<std::size_t, std::size_t>> found;  // number, column
    bool all_numbered = true;
    for (std::size_t column = 0; column < names_.size(); ++column) {
      if (!names_[column].starts_with(prefix)) continue;
      const std::optional<std::size_t> number = numbered(names_[column], prefix);
      all_numbered = all_numbered && number;
      found.emplace_back(number.value_or(0), column);
    }
    if (found.empty()) {
      throw InputError(place_ + option_ + ": no column's name begins with " + quoted(prefix) + "; the columns are " +
                       list_of(names_));
    }
    if (all_numbered) std::ranges::sort(found);
    for (const auto& [number, column] : found) columns.push_back(column);
  }

  std::span<const std::string> names_;
  const std::string& option_;
  const std::string& place_;
};

}  // namespace

std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == ' ' || c == '_' || c == '-' || c == '.' || c == '[' || c == ']' || c == '(' || c == ')') continue;
    plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return plain;
}

bool names_inputs(std::string_view plain) {
  constexpr std::array<std::string_view, 12> kNames{"input",   "inputs",       "x",           "xs",    "features",
                                                    "feature", "measurements", "measurement", "xtest", "xtrain",
                                                    "data",    "samples"};
  return std::ranges::find(kNames, plain) != kNames.end();
}

bool names_predictions(std::string_view plain) {
  constexpr std::array<std::string_view, 14> kNames{
      "pred", "preds", "prediction", "predictions", "predicted",   "ypred",        "ypreds",
      "yhat", "yhats", "output",     "outputs",     "modeloutput", "modeloutputs", "predy"};
  return std::ranges::find(kNames, plain) != kNames.end();
}

bool names_targets(std::string_view plain) {
  constexpr std::array<std::string_view, 12> kNames{"true",  "target", "targets",     "label", "labels", "ytrue",
                                                    "truth", "actual", "groundtruth", "trues", "ytest",  "ytrain"};
  return std::ranges::find(kNames, plain) != kNames.end();
}

Columns find_columns(const std::string& list, std::span<const std::string> names, const std::string& option,
                     const std::string& place) {
  const ColumnList finder(names, option, place);
  Columns columns;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    std::string item = list.substr(at, end - at);
    item.erase(0, std::min(item.find_first_not_of(' '), item.size()));
    item.erase(item.find_last_not_of(' ') + 1);
    finder.add(item, columns);
    at = end + 1;
  }
  return columns;
}

ColumnChoice choose_columns(std::span<const std::string> names, bool named, const TableOptions& options,
                            const std::string& place, std::vector<std::string>& notes) {
  return Guess(names, named, options, place, notes).choose();
}

}  // namespace kintsugi
