#include "io/find_tensors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <string_view>

#include "io/layer_names.hpp"
#include "io/pickle_calls.hpp"
#include "io/torch_tensors.hpp"
#include "kintsugi/core/activation.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::pickle {

namespace {

using Items = std::vector<std::pair<Value, Value>>;

class Finder {
 public:
  Finder(Heap& heap, const std::string& origin) : heap_(heap), origin_(origin) {}

  Found take() { return {std::move(found_), std::move(activations_)}; }

  void visit(Value value) {
    constexpr std::size_t kMaxVisits = 4'000'000;  // shared parts are visited once for each of their names
    if (++visits_ > kMaxVisits) throw InputError(origin_ + ": refers to its own parts too often");
    switch (value.kind) {
      case Kind::tensor: return add(value, heap_.tensor(value).problem);
      case Kind::dict: return within(value, [&] { items(heap_.dict(value)); });
      case Kind::tuple:
      case Kind::list: return within(value, [&] { sequence(heap_.sequence(value)); });
      case Kind::object: return within(value, [&] { object(value); });
      case Kind::none: return;
      default: return plain(value);
    }
  }

 private:
  void keep(FoundTensor tensor) {
    constexpr std::size_t kMostNames = std::size_t{32} << 20;  // bytes of all names together
    constexpr std::size_t kOfEach = 100;                       // besides its names
    names_ += kOfEach;
    for (const std::string& key : tensor.path) names_ += sizeof(std::string) + key.size();
    if (names_ > kMostNames) throw InputError(origin_ + ": holds more tensors than can be told apart");
    found_.push_back(std::move(tensor));
  }

  void add(Value tensor, std::string problem) { keep({path_, tensor, std::move(problem), false}); }

  void add_problem(std::string problem) { add({}, std::move(problem)); }

  /// Goes into a container, unless it is one that this path is in already, or too deep.
  template <class Work>
  void within(Value value, Work work) {
    constexpr std::size_t kDeepest = 200;
    const auto is_same = [&](Value other) { return other.kind == value.kind && other.number == value.number; };
    if (std::ranges::any_of(open_, is_same)) return;
    if (open_.size() == kDeepest) throw InputError(origin_ + ": nests too deeply");
    open_.push_back(value);
    work();
    open_.pop_back();
  }

  void child(const std::string& key, Value value) {
    path_.push_back(key);
    visit(value);
    path_.pop_back();
  }

  [[nodiscard]] std::string key_text(Value key) const {
    if (key.kind == Kind::text) return heap_.text(key);
    return key.kind == Kind::integer ? std::to_string(key.number) : "?";
  }

  void items(const Items& pairs) {
    for (const auto& [key, value] : pairs) child(key_text(key), value);
  }

  /// Numbers and texts of a list are no tensors: long histories are passed over fast.
  void sequence(const std::vector<Value>& values) {
    const std::size_t before = found_.size();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].kind >= Kind::tuple) child(std::to_string(i), values[i]);
    }
    if (found_.size() == before && !values.empty()) plain({Kind::list, 0});
  }

  /// What is no tensor, but stands where a layer would have one.
  void plain(Value value) {
    if (path_.empty() || !part_of(path_.back())) return;
    const std::string what = value.kind == Kind::list                                    ? "a list"
                             : value.kind == Kind::text || value.kind == Kind::bytes     ? "a text"
                             : value.kind == Kind::global || value.kind == Kind::storage ? "a class or storage"
                                                                                         : "a number";
    keep({path_, {}, "is " + what + ", not a tensor", true});
  }

  // ---- objects ----

  void object(Value value) {
    if (const std::optional<Value> array = guarded_array(value)) return add(*array, heap_.tensor(*array).problem);
    const Object& made = heap_.object(value);
    const Global& global = heap_.globals[made.global];
    if (is_module(made)) return module(made, "");
    if (global.module.starts_with("__torch__")) return script(made, "");
    const bool is_part = !path_.empty() && part_of(path_.back());
    if (is_part || is_given_tensors(made)) {
      return add_problem("is made by " + global.full_name() +
                         ", which is not read; save plain tensors (a module's state_dict())");
    }
    for (const auto& [key, item] : made.items) child(key_text(key), item);
    visit(made.state);
  }

  std::optional<Value> guarded_array(Value value) {
    try {
      return numpy_array(heap_, value);
    } catch (const BrokenRule& broken) {
      throw InputError(origin_ + ": " + broken.rule);
    }
  }

  [[nodiscard]] bool is_given_tensors(const Object& made) const {
    if (made.arguments.kind != Kind::tuple) return false;
    return std::ranges::any_of(heap_.sequence(made.arguments), [](Value each) { return each.kind == Kind::tensor; });
  }

  /// What an object's state has under `name`; none where it has nothing.
  [[nodiscard]] Value attribute(const Object& made, std::string_view name) const {
    if (made.state.kind != Kind::dict) return {};
    for (const auto& [key, value] : heap_.dict(made.state)) {
      if (key.kind == Kind::text && heap_.text(key) == name) return value;
    }
    return {};
  }

  [[nodiscard]] bool is_module(const Object& made) const {
    return attribute(made, "_parameters").kind == Kind::dict && attribute(made, "_modules").kind == Kind::dict;
  }

  [[nodiscard]] bool is_filled(Value dict) const { return dict.kind == Kind::dict && !heap_.dict(dict).empty(); }

  /// torch.nn's own classes with a weight of two dimensions that is not a linear layer's: Embedding and the like.
  [[nodiscard]] static bool is_other_layer(const Global& global) {
    constexpr std::array kLinear{"Linear", "NonDynamicallyQuantizableLinear", "LazyLinear"};
    const bool is_torch = global.module.starts_with("torch.nn.") || global.module.starts_with("__torch__.torch.nn.");
    const bool is_container = global.module.find("torch.nn.modules.container") != std::string::npos;
    return is_torch && !is_container && std::ranges::find(kLinear, global.name) == kLinear.end();
  }

  static std::string shortest(double value) {
    constexpr std::size_t kLongest = 32;
    std::array<char, kLongest> digits{};
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
  }

  /// Notes the class of a module that is an activation, and what makes it another function than usual.
  void keep_activation(const Object& made, const Global& global) {
    if (global.module.find("torch.nn.modules.activation") == std::string::npos) return;
    std::string name = printable(global.name);
    const Value form = attribute(made, "approximate");
    if (form.kind == Kind::text && heap_.text(form) != "none") {
      name.append("(approximate=").append(printable(heap_.text(form))).append(")");
    }
    const Value slope = attribute(made, "negative_slope");
    if (slope.kind == Kind::number && std::bit_cast<double>(slope.number) != kLeakyReluSlope) {
      name.append("(negative_slope=").append(shortest(std::bit_cast<double>(slope.number))).append(")");
    }
    for (const char* const factor : {"alpha", "beta"}) {
      const Value given = attribute(made, factor);
      if (given.kind != Kind::number || std::bit_cast<double>(given.number) == 1) continue;
      name.append("(")
          .append(factor)
          .append("=")
          .append(std::to_string(std::bit_cast<double>(given.number)))
          .append(")");
    }
    activations_.insert(std::move(name));
  }

  /// One of a module's tensors, under the name that its state_dict() has.
  void part(const std::string& name, Value value, const Global& owner) {
    path_.push_back(name);
    const bool is_matrix = value.kind == Kind::tensor && heap_.tensor(value).shape.size() == 2;
    if (is_matrix && is_other_layer(owner)) {
      add(value, "belongs to a " + owner.full_name() + ", which is not a linear layer");
    } else {
      visit(value);
    }
    path_.pop_back();
  }

  /// nn.Module: parameters, buffers and further modules, as its state_dict() would name them.
  void module(const Object& made, const std::string& prefix) {
    const Global& global = heap_.globals[made.global];
    keep_activation(made, global);
    for (const std::string_view hooks : {"_forward_hooks", "_forward_pre_hooks"}) {
      if (!is_filled(attribute(made, hooks))) continue;
      path_.push_back(prefix + std::string(hooks));
      add_problem("may change what the module computes; remove the hooks, or save the module's state_dict()");
      path_.pop_back();
    }
    for (const std::string_view list : {"_parameters", "_buffers"}) {
      const Value tensors = attribute(made, list);
      if (tensors.kind != Kind::dict) continue;
      for (const auto& [key, value] : heap_.dict(tensors)) part(prefix + key_text(key), value, global);
    }
    for (const auto& [key, value] : heap_.dict(attribute(made, "_modules"))) {
      if (value.kind == Kind::object) submodule(value, prefix + key_text(key) + ".");
    }
  }

  /// A TorchScript module's attributes, tensors and modules side by side.
  void script(const Object& made, const std::string& prefix) {
    const Global& global = heap_.globals[made.global];
    keep_activation(made, global);
    if (made.state.kind != Kind::dict) return;
    for (const auto& [key, value] : heap_.dict(made.state)) {
      if (value.kind == Kind::object) {
        submodule(value, prefix + key_text(key) + ".");
      } else if (value.kind == Kind::tensor) {
        part(prefix + key_text(key), value, global);
      }
    }
  }

  void submodule(Value value, const std::string& prefix) {
    within(value, [&] {
      const Object& made = heap_.object(value);
      if (is_module(made)) return module(made, prefix);
      if (heap_.globals[made.global].module.starts_with("__torch__")) return script(made, prefix);
      path_.push_back(prefix + "?");
      add_problem("is a " + heap_.globals[made.global].full_name() +
                  ", whose tensors cannot be told; save the module's "
                  "state_dict()");
      path_.pop_back();
    });
  }

  Heap& heap_;
  const std::string& origin_;
  std::vector<FoundTensor> found_;
  std::set<std::string> activations_;
  std::vector<std::string> path_;
  std::vector<Value> open_;
  std::size_t visits_ = 0;
  std::size_t names_ = 0;
};

}  // namespace

Found find_tensors(Heap& heap, Value top, const std::string& origin) {
  Finder finder(heap, origin);
  finder.visit(top);
  return finder.take();
}

}  // namespace kintsugi::pickle
