#include "io/onnx.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "io/elements.hpp"
#include "io/onnx_tensor.hpp"
#include "io/protobuf.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

using protobuf::Field;

/// A node's attribute: the one of its values that has been given.
struct Attribute {
  std::uint64_t number = 0;
  float real = 0;
  std::optional<onnx::StoredArray> tensor;
  std::vector<std::uint64_t> numbers;
};

struct Node {
  std::string kind;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::map<std::string, Attribute> attributes;

  [[nodiscard]] std::string input(std::size_t i) const { return i < inputs.size() ? inputs[i] : ""; }
  [[nodiscard]] bool is_set(const std::string& name) const {
    const auto found = attributes.find(name);
    return found != attributes.end() && found->second.number != 0;
  }
  /// Alpha and beta of Gemm.
  [[nodiscard]] bool is_one(const std::string& name) const {
    const auto found = attributes.find(name);
    return found == attributes.end() || found->second.real == 1;
  }
};

/// A name's array: an initializer or a constant, maybe turned by a Transpose.
struct Weight {
  std::string name;
  bool turned = false;
};

class Graph {
 public:
  Graph(const SharedBytes& file, const std::string& origin) : file_(file), origin_(origin) {}

  void read_model() {
    std::optional<Field> graph;
    for (const Field& field : protobuf::fields_of(file_.bytes, origin_)) {
      if (field.number == 25)
        fail("is an ONNX model with functions of its own, which are not read: export it without them");
      if (field.number != 7 || field.kind != Field::Kind::bytes) continue;
      if (graph) fail("is damaged: it has two graphs");
      graph = field;
    }
    if (!graph) fail("is an ONNX model without a graph");
    for (const Field& field : protobuf::fields_of(graph->bytes, origin_ + ", its graph")) read_part(field);
    for (const Node& node : nodes_) find_weights(node);
    for (const Node& node : nodes_) find_bias(node);
  }

  /// Layers first, in the order of the nodes.
  [[nodiscard]] std::vector<StoredTensor> tensors() {
    std::vector<StoredTensor> found;
    std::size_t number = 0;
    for (const Node& node : nodes_) {
      if (node.kind == "Gemm" || node.kind == "MatMul") add_layer(node, number, found);
    }
    for (const auto& [name, array] : arrays_) {
      if (used_.contains(name) || !is_float(array.type)) continue;
      found.push_back(array.stored(name, false));
    }
    return found;
  }

  /// All of its activations are ReLU, as far as nodes tell.
  [[nodiscard]] bool is_relu() const {
    static const std::set<std::string> others{"Sigmoid",   "Tanh",     "Erf",  "Elu",         "Gelu",
                                              "LeakyRelu", "Softplus", "Clip", "HardSwish",   "Selu",
                                              "PRelu",     "Mish",     "Celu", "HardSigmoid", "Softsign"};
    const auto is_other = [](const Node& node) { return others.contains(node.kind); };
    return std::ranges::find(nodes_, "Relu", &Node::kind) != nodes_.end() && std::ranges::none_of(nodes_, is_other);
  }

 private:
  [[noreturn]] void fail(const std::string& rule) const { throw InputError(origin_ + ": " + rule); }

  void read_part(const Field& field) {
    if (field.kind != Field::Kind::bytes) return;
    const std::string place = origin_ + ", its graph";
    if (field.number == 1) nodes_.push_back(read_node(field.bytes));
    if (field.number == 5) {
      onnx::StoredArray array = onnx::read_array({file_.owner, field.bytes}, place);
      const std::string name = array.name;
      if (!arrays_.emplace(name, std::move(array)).second) fail("has two initializers '" + printable(name) + "'");
    }
    if (field.number == 15) fail("has sparse initializers, which are not read");
  }

  [[nodiscard]] Node read_node(std::span<const char> bytes) const {
    Node node;
    const std::string place = origin_ + ", a node of its graph";
    for (const Field& field : protobuf::fields_of(bytes, place)) {
      if (field.kind != Field::Kind::bytes) continue;
      if (field.number == 1) node.inputs.emplace_back(field.text());
      if (field.number == 2) node.outputs.emplace_back(field.text());
      if (field.number == 4) node.kind = field.text();
      if (field.number == 5) read_attribute(field.bytes, place, node);
    }
    if (node.kind.find("Quantize") != std::string::npos || node.kind.starts_with("QLinear") ||
        node.kind.ends_with("Integer")) {
      fail("is an ONNX model that is quantized ('" + printable(node.kind) + "'), which is not read");
    }
    return node;
  }

  void read_attribute(std::span<const char> bytes, const std::string& place, Node& node) const {
    std::string name;
    Attribute attribute;
    for (const Field& field : protobuf::fields_of(bytes, place)) {
      if (field.number == 1) name = field.text();
      if (field.number == 2) attribute.real = std::bit_cast<float>(static_cast<std::uint32_t>(field.value));
      if (field.number == 3) attribute.number = field.value;
      if (field.number == 5) attribute.tensor = onnx::read_array({file_.owner, field.bytes}, place);
      if (field.number == 6 || field.number == 11)
        fail("has branches or loops (a graph in a node), which are not read");
      if (field.number == 8) protobuf::append_numbers(field, place, attribute.numbers);
    }
    node.attributes[name] = std::move(attribute);
  }

  /// What a node makes of arrays alone.
  void find_weights(const Node& node) {
    if (node.outputs.size() != 1) return;
    const std::string& output = node.outputs.front();
    if (node.kind == "Constant" && node.attributes.contains("value")) {
      const std::optional<onnx::StoredArray>& value = node.attributes.at("value").tensor;
      if (value) arrays_.emplace(output, *value);
    }
    if (node.kind == "Identity") {
      if (const std::optional<Weight> weight = weight_of(node.input(0))) made_.emplace(output, *weight);
    }
    if (node.kind != "Transpose") return;
    const std::optional<Weight> weight = weight_of(node.input(0));
    if (!weight || arrays_.at(weight->name).shape.size() != 2) return;
    const auto order = node.attributes.find("perm");
    const bool turns = order == node.attributes.end() || order->second.numbers == std::vector<std::uint64_t>{1, 0};
    made_.emplace(output, Weight{weight->name, weight->turned != turns});
  }

  [[nodiscard]] std::optional<Weight> weight_of(const std::string& name) const {
    if (arrays_.contains(name)) return Weight{name, false};
    const auto found = made_.find(name);
    return found == made_.end() ? std::nullopt : std::optional(found->second);
  }

  void add_layer(const Node& node, std::size_t& number, std::vector<StoredTensor>& found) {
    const std::string at = node.kind + " " + std::to_string(number);
    if (weight_of(node.input(0))) fail("has a weight on the left of its product (" + at + "), which is not read");
    const std::optional<Weight> weight = weight_of(node.input(1));
    if (!weight) return;  // a product of two results
    if (node.is_set("transA") || !node.is_one("alpha") || !node.is_one("beta"))
      fail("scales or turns what a layer is given (" + at + "), which is not read");
    const bool as_it_is = node.is_set("transB") != weight->turned;
    const std::optional<Weight> bias = node.kind == "Gemm" ? weight_of(node.input(2)) : added_to(node);
    std::string name = name_of_layer(weight->name, bias ? bias->name : "", number++);
    // A layer that is used twice.
    if (!names_.insert(name).second) name += "." + std::to_string(number);
    add(name + ".weight", *weight, !as_it_is, found);
    if (bias) add(name + ".bias", *bias, false, found);
  }

  void add(const std::string& name, const Weight& weight, bool turned, std::vector<StoredTensor>& found) {
    const onnx::StoredArray& array = arrays_.at(weight.name);
    if (turned && array.shape.size() != 2) fail("'" + printable(weight.name) + "' is no matrix");
    used_.insert(weight.name);
    found.push_back(array.stored(name, turned));
  }

  /// An array of one dimension that a node adds to a result is a MatMul's bias.
  void find_bias(const Node& node) {
    if (node.kind != "Add" || node.inputs.size() != 2) return;
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
      const std::optional<Weight> other = weight_of(node.inputs[1 - side]);
      if (other && arrays_.at(other->name).shape.size() == 1) added_.emplace(node.inputs[side], *other);
    }
  }

  /// What is added to the result of a node.
  [[nodiscard]] std::optional<Weight> added_to(const Node& node) const {
    const auto found = node.outputs.size() == 1 ? added_.find(node.outputs.front()) : added_.end();
    return found == added_.end() ? std::nullopt : std::optional(found->second);
  }

  [[nodiscard]] static std::string name_of_layer(const std::string& weight, const std::string& bias,
                                                 std::size_t number) {
    for (const auto& [name, ending] : {std::pair{weight, ".weight"}, std::pair{bias, ".bias"}}) {
      if (name.ends_with(ending)) return name.substr(0, name.rfind('.'));
    }
    return "layer." + std::to_string(number);
  }

  const SharedBytes& file_;
  const std::string& origin_;
  std::vector<Node> nodes_;
  std::map<std::string, onnx::StoredArray> arrays_;  // initializers and constants
  std::map<std::string, Weight> made_;               // of them
  std::map<std::string, Weight> added_;              // to the results of nodes
  std::set<std::string> used_;                       // by layers
  std::set<std::string> names_;                      // of layers
};

}  // namespace

bool is_onnx(std::span<const char> file) {
  constexpr char kVersionField = 0x08;
  constexpr char kNewestVersion = 20;
  constexpr std::string_view kNext("\x12\x3a\x42\x1a", 4);
  return file.size() > 3 && file[0] == kVersionField && file[1] > 0 && file[1] <= kNewestVersion &&
         kNext.find(file[2]) != std::string_view::npos;
}

std::vector<StoredTensor> open_onnx(const SharedBytes& file, const std::string& origin, ModelFacts* facts) {
  Graph graph(file, origin);
  graph.read_model();
  if (facts != nullptr && graph.is_relu()) (*facts)[std::string(kActivationClasses)] = "ReLU";
  return graph.tensors();
}

}  // namespace kintsugi
