#include "io/pickle.hpp"

namespace kintsugi::pickle {

namespace {

template <class Part>
Value add(std::vector<Part>& parts, Part part, Kind kind) {
  parts.push_back(std::move(part));
  return {kind, static_cast<std::int64_t>(parts.size() - 1)};
}

}  // namespace

Value Heap::add_global(const std::string& module, const std::string& name) {
  const auto [place, is_new] = places.emplace(std::pair(module, name), globals.size());
  if (is_new) globals.push_back({module, name});
  return {Kind::global, static_cast<std::int64_t>(place->second)};
}

Value Heap::add_text(std::string text, Kind kind) { return add(texts, std::move(text), kind); }

Value Heap::add_sequence(std::vector<Value> values, Kind kind) { return add(sequences, std::move(values), kind); }

Value Heap::add_dict() { return add(dicts, {}, Kind::dict); }

Value Heap::add_object(Object object) { return add(objects, std::move(object), Kind::object); }

Value Heap::add_tensor(TensorView view) { return add(tensors, std::move(view), Kind::tensor); }

Value Heap::add_problem(std::string problem) {
  TensorView view;
  view.problem = std::move(problem);
  return add_tensor(std::move(view));
}

}  // namespace kintsugi::pickle
