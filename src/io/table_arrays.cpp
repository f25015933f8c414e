#include "io/table_arrays.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/stop.hpp"
#include "io/column_choice.hpp"
#include "io/tensor.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

std::size_t rows_of(const Tensor& array) { return array.shape.empty() ? 0 : array.shape[0]; }
std::size_t columns_of(const Tensor& array) { return array.shape.size() < 2 ? 1 : array.shape[1]; }

/// "'x' [400 x 8], 'y' [400]"
std::string list_of(const std::vector<Tensor>& arrays) {
  constexpr std::size_t kListed = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(arrays.size(), kListed); ++i) {
    text.append(i == 0 ? "" : ", ").append(quoted(arrays[i].name)).append(" [");
    for (std::size_t k = 0; k < arrays[i].shape.size(); ++k) {
      text.append(k == 0 ? "" : " x ").append(std::to_string(arrays[i].shape[k]));
    }
    text += "]";
  }
  if (arrays.size() > kListed) text.append(" and ").append(std::to_string(arrays.size() - kListed)).append(" more");
  return text;
}

void check_finite(const std::vector<double>& values, std::size_t columns, const std::string& place) {
  const auto bad = std::ranges::find_if(values, [](double value) { return !std::isfinite(value); });
  if (bad == values.end()) return;
  const auto at = static_cast<std::size_t>(bad - values.begin());
  throw InputError(place + "row " + std::to_string(at / columns) + ", column " + std::to_string(at % columns) +
                   " (both from 0) is " + (std::isnan(*bad) ? "nan" : "infinite") + ", not finite; leave the row out");
}

/// Puts table columns, each a function of the row, where the choice wants them.
template <class ValueAt>
RowsF64 gather(const ColumnChoice& choice, std::size_t rows, const ValueAt& value_at) {
  RowsF64 result;
  result.shape = {rows, choice.width, choice.outputs};
  result.inputs.resize(rows * choice.width);
  result.predictions.resize(rows * choice.outputs);
  result.targets.resize(rows * choice.targets);
  for (std::size_t row = 0; row < rows; ++row) {
    throw_if_stopped();
    for (std::size_t column = 0; column < choice.slot.size(); ++column) {
      std::size_t slot = choice.slot[column];
      if (slot == ColumnChoice::kIgnored) continue;
      const double value = value_at(row, column);
      if (slot < choice.width) {
        result.inputs[row * choice.width + slot] = value;
      } else if ((slot -= choice.width) < choice.outputs) {
        result.predictions[row * choice.outputs + slot] = value;
      } else {
        result.targets[row * choice.targets + slot - choice.outputs] = value;
      }
    }
  }
  return result;
}

class ArrayChoice {
 public:
  ArrayChoice(std::vector<Tensor> arrays, const TableOptions& options, const std::string& origin,
              std::vector<std::string>& notes)
      : arrays_(std::move(arrays)), options_(options), origin_(origin), notes_(notes) {
    std::erase_if(arrays_, [](const Tensor& array) { return array.values.empty() || array.shape.empty(); });
  }

  RowsF64 rows() {
    if (arrays_.empty()) throw InputError(origin_ + ": holds no arrays of numbers");
    if (is_one_table()) return from_one_table();
    if (are_columns()) return from_columns();
    const Tensor* const inputs = find(options_.inputs, "inputs", names_inputs);
    const Tensor* const predictions = find(options_.predictions, "predictions", names_predictions);
    const Tensor* const targets = find(options_.targets, "targets", names_targets);
    return from_arrays(inputs, predictions, targets);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(origin_ + ": " + what + "; the arrays are " + list_of(arrays_) +
                     "; name them with --inputs NAME and --predictions NAME");
  }

  [[nodiscard]] bool is_one_table() const { return arrays_.size() == 1 && arrays_[0].shape.size() == 2; }

  [[nodiscard]] bool are_columns() const {
    constexpr std::size_t kFewest = 3;
    return arrays_.size() >= kFewest && std::ranges::all_of(arrays_, [&](const Tensor& array) {
             return array.shape.size() == 1 && rows_of(array) == rows_of(arrays_[0]);
           });
  }

  RowsF64 from_one_table() {
    const Tensor& table = arrays_[0];
    const std::size_t width = columns_of(table);
    std::vector<std::string> names(width);
    for (std::size_t i = 0; i < width; ++i) names[i] = std::to_string(i + 1);
    const ColumnChoice choice = choose_columns(names, false, options_, origin_ + ": ", notes_);
    return checked(gather(choice, rows_of(table),
                          [&](std::size_t row, std::size_t column) { return table.values[row * width + column]; }));
  }

  RowsF64 from_columns() {
    std::vector<std::string> names(arrays_.size());
    std::ranges::transform(arrays_, names.begin(), [](const Tensor& array) { return last_part(array.name); });
    const ColumnChoice choice = choose_columns(names, true, options_, origin_ + ": ", notes_);
    return checked(gather(choice, rows_of(arrays_[0]),
                          [&](std::size_t row, std::size_t column) { return arrays_[column].values[row]; }));
  }

  [[nodiscard]] RowsF64 checked(RowsF64 rows) const {
    check_finite(rows.inputs, rows.shape.width, origin_ + ": inputs, ");
    check_finite(rows.predictions, rows.shape.outputs, origin_ + ": predictions, ");
    check_finite(rows.targets, rows.shape.outputs, origin_ + ": targets, ");
    return rows;
  }

  static std::string last_part(const std::string& name) { return name.substr(name.find_last_of("/.") + 1); }

  /// The array of the name that was given; else the one whose name has that meaning; null: there is none.
  const Tensor* find(const std::string& given, const std::string& what, bool (*means)(std::string_view)) const {
    const Tensor* found = nullptr;
    for (const Tensor& array : arrays_) {
      const bool fits = given.empty() ? means(plain_name(last_part(array.name)))
                                      : array.name == given || last_part(array.name) == given;
      if (!fits) continue;
      if (array.name == given) return &array;
      if (found != nullptr) fail(quoted(found->name) + " and " + quoted(array.name) + " may both be the " + what);
      found = &array;
    }
    if (found == nullptr && !given.empty()) fail("there is no array " + quoted(given));
    return found;
  }

  /// The one other array that fits; null: none, or more than one.
  template <class Fits>
  const Tensor* the_only(std::initializer_list<const Tensor*> taken, const std::string& what, const Fits& fits) {
    const Tensor* found = nullptr;
    for (const Tensor& array : arrays_) {
      if (std::ranges::find(taken, &array) != taken.end() || array.shape.size() > 2 || !fits(array)) continue;
      if (found != nullptr) return nullptr;
      found = &array;
    }
    if (found != nullptr) {
      notes_.push_back(what + " are taken from the array " + quoted(found->name) + " (--" + what + " names another)");
    }
    return found;
  }

  [[nodiscard]] bool allows(std::size_t width, std::optional<std::size_t> outputs) const {
    return std::ranges::any_of(options_.shapes, [&](const auto& shape) {
      return shape.first == width && (!outputs || shape.second == *outputs);
    });
  }

  RowsF64 from_arrays(const Tensor* inputs, const Tensor* predictions, const Tensor* targets) {
    if (inputs == nullptr) {
      inputs = the_only({predictions, targets}, "inputs", [&](const Tensor& array) {
        if (predictions != nullptr && rows_of(array) != rows_of(*predictions)) return false;
        return allows(columns_of(array),
                      predictions == nullptr ? std::nullopt : std::optional(columns_of(*predictions)));
      });
    }
    if (inputs == nullptr) fail("which array holds the inputs is not clear");
    if (options_.without_predictions) predictions = targets = nullptr;
    if (predictions == nullptr && !options_.without_predictions) {
      predictions = the_only({inputs, targets}, "predictions", [&](const Tensor& array) {
        return rows_of(array) == rows_of(*inputs) && allows(columns_of(*inputs), columns_of(array));
      });
    }
    if (predictions == nullptr && !options_.without_predictions) fail("which array holds the predictions is not clear");
    for (const Tensor* const array : {inputs, predictions, targets}) {
      if (array == nullptr) continue;
      if (array->shape.size() > 2)
        fail(quoted(array->name) + " has more than two dimensions, [rows x columns] is needed");
      if (rows_of(*array) != rows_of(*inputs))
        fail(quoted(inputs->name) + " and " + quoted(array->name) + " have other rows");
    }
    if (targets != nullptr && columns_of(*targets) != columns_of(*predictions)) {
      fail(quoted(targets->name) + " and " + quoted(predictions->name) + " have other columns");
    }
    RowsF64 rows;
    rows.shape = {rows_of(*inputs), columns_of(*inputs), predictions == nullptr ? 0 : columns_of(*predictions)};
    rows.inputs = inputs->values;
    if (predictions != nullptr) rows.predictions = predictions->values;
    if (targets != nullptr) rows.targets = targets->values;
    return checked(std::move(rows));
  }

  std::vector<Tensor> arrays_;
  const TableOptions& options_;
  const std::string& origin_;
  std::vector<std::string>& notes_;
};

}  // namespace

RowsF64 rows_of_arrays(std::vector<Tensor> arrays, const TableOptions& options, const std::string& origin,
                       std::vector<std::string>& notes) {
  return ArrayChoice(std::move(arrays), options, origin, notes).rows();
}

}  // namespace kintsugi
