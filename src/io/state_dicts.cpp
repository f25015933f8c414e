#include "io/state_dicts.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <span>
#include <string_view>

#include "io/layer_names.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

using Tensors = std::span<StoredTensor>;

bool is_weight(const StoredTensor& tensor) {
  if (tensor.path.empty() || tensor.is_plain) return false;
  const std::optional<LayerPart> part = part_of(tensor.path.back());
  return part && part->is_weight && (tensor.shape.size() == 2 || !tensor.problem.empty());
}

std::ptrdiff_t count_weights(Tensors tensors) { return std::ranges::count_if(tensors, is_weight); }

/// The tensors that share a key at `depth`; those of one key follow one another.
struct Branch {
  std::string key;
  Tensors tensors;
};

/// The branches with weights. A tensor that is at `depth` itself is in none.
std::vector<Branch> branches_at(Tensors tensors, std::size_t depth) {
  std::vector<Branch> branches;
  for (std::size_t first = 0; first < tensors.size();) {
    std::size_t end = first + 1;
    const bool is_inner = tensors[first].path.size() > depth + 1;
    while (is_inner && end < tensors.size() && tensors[end].path.size() > depth + 1 &&
           tensors[end].path[depth] == tensors[first].path[depth]) {
      ++end;
    }
    const Tensors branch = tensors.subspan(first, end - first);
    if (is_inner && count_weights(branch) > 0) branches.push_back({tensors[first].path[depth], branch});
    first = end;
  }
  return branches;
}

bool is_number(const std::string& key) {
  return !key.empty() && std::ranges::all_of(key, [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// Whether the branch is a state dict of its own and not a part of one: it has keys like "0.inp.weight" ("weight" alone
/// is one layer's), and no number of a list leads to them.
bool is_whole(const Branch& branch, std::size_t depth) {
  return std::ranges::any_of(branch.tensors, [&](const StoredTensor& tensor) {
    if (!is_weight(tensor) || tensor.path.back() == "weight") return false;
    return std::none_of(tensor.path.begin() + static_cast<std::ptrdiff_t>(depth), tensor.path.end() - 1, is_number);
  });
}

std::string list_branches(const std::vector<Branch>& branches) {
  constexpr std::size_t kListed = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(kListed, branches.size()); ++i) {
    const auto layers = count_weights(branches[i].tensors);
    text.append(text.empty() ? "" : ", ").append(quoted(branches[i].key)).append(" (");
    text.append(std::to_string(layers)).append(layers == 1 ? " layer)" : " layers)");
  }
  return branches.size() > kListed ? text + ", ..." : text;
}

[[noreturn]] void refuse_without_layers(Tensors tensors, const std::string& origin) {
  constexpr std::size_t kListed = 6;
  std::string text;
  for (std::size_t i = 0; i < std::min(kListed, tensors.size()); ++i) {
    const std::string name = name_of(tensors[i]);
    text.append(text.empty() ? "; it has " : ", ").append(name.empty() ? "a tensor without a name" : quoted(name));
    if (tensors[i].problem.empty()) {
      text.append(" ").append(shape_text(tensors[i].shape));
    } else {
      text.append(", which ").append(tensors[i].problem);
    }
  }
  if (tensors.empty()) text = "; it has no tensors at all";
  throw InputError(origin + ": holds no linear layers, which have keys like 'weight' and 'bias', '0.inp.weight' and " +
                   "'0.inp.bias'" + text + (tensors.size() > kListed ? ", ..." : ""));
}

/// A gain or a scale alone, or with a bias.
bool is_lone_vector(Tensors tensors) {
  constexpr std::size_t kMost = 2;
  return !tensors.empty() && tensors.size() <= kMost && std::ranges::all_of(tensors, [](const StoredTensor& each) {
    return is_vector(each) && each.path.size() == 1;
  }) && std::ranges::any_of(tensors, [](const StoredTensor& each) {
    const std::optional<LayerPart> part = part_of(name_of(each));
    return part ? part->is_weight : is_named_as_scale(name_of(each));
  });
}

/// What training keeps beside a model.
bool is_of_training(std::string key) {
  constexpr std::array<std::string_view, 14> kWords{"optim",  "sched", "scaler", "rng",  "random",   "hist", "metric",
                                                    "config", "param", "args",   "loop", "callback", "log",  "meta"};
  std::ranges::transform(key, key.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::any_of(kWords, [&](std::string_view word) { return key.find(word) != std::string::npos; });
}

/// Whether a tensor that lies in the chosen dict, though deeper, belongs to training.
bool is_beside(const StoredTensor& tensor, std::size_t depth, const std::vector<Branch>& branches) {
  if (tensor.path.size() <= depth + 1 || !is_of_training(tensor.path[depth])) return false;
  return std::ranges::find(branches, tensor.path[depth], &Branch::key) == branches.end();
}

/// Takes the chosen tensors out, without the keys that lead to them; names what is left, by the outermost keys.
std::vector<StoredTensor> take_chosen(Tensors all, Tensors chosen, std::size_t depth, const std::string& origin,
                                      LeftOut& left_out) {
  const std::vector<Branch> branches = branches_at(chosen, depth);
  std::vector<StoredTensor> result;
  result.reserve(chosen.size());
  std::map<std::string, std::size_t> beside;
  for (StoredTensor& tensor : all) {
    const bool is_within = &tensor >= chosen.data() && &tensor < chosen.data() + chosen.size();
    if (is_within && !is_beside(tensor, depth, branches)) {
      tensor.path.erase(tensor.path.begin(), tensor.path.begin() + static_cast<std::ptrdiff_t>(depth));
      result.push_back(std::move(tensor));
    } else if (!tensor.is_plain) {
      ++beside[tensor.path.empty() ? "" : tensor.path.front()];
    }
  }
  for (const auto& [key, count] : beside) {
    const std::string count_text = std::to_string(count) + (count == 1 ? " tensor)" : " tensors)");
    left_out.add(origin, quoted(key).append(" (").append(count_text));
  }
  return result;
}

}  // namespace

std::vector<StoredTensor> choose_state_dict(std::vector<StoredTensor> tensors, const std::string& origin,
                                            LeftOut& left_out) {
  Tensors chosen(tensors);
  if (is_lone_vector(chosen)) return tensors;
  if (count_weights(chosen) == 0) refuse_without_layers(chosen, origin);
  std::size_t depth = 0;
  while (true) {
    const bool has_own = std::ranges::any_of(
        chosen, [&](const StoredTensor& tensor) { return tensor.path.size() == depth + 1 && is_weight(tensor); });
    const std::vector<Branch> branches = branches_at(chosen, depth);
    const bool has_whole = std::ranges::any_of(branches, [&](const Branch& each) { return is_whole(each, depth); });
    if (has_whole && branches.size() + (has_own ? 1 : 0) > 1) {
      throw InputError(origin + ": holds several state dicts with linear layers: " + list_branches(branches) +
                       (has_own ? " and its own" : "") + "; save the one that is meant by itself");
    }
    if (has_own || branches.size() != 1) break;
    chosen = branches.front().tensors;
    ++depth;
  }
  return take_chosen(tensors, chosen, depth, origin, left_out);
}

bool is_named_as_scale(const std::string& name) {
  std::string key = name.substr(std::min(name.size(), name.find_last_of("./") + 1));
  std::ranges::transform(key, key.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return key.find("scale") != std::string::npos || key.find("gamma") != std::string::npos || key.starts_with("ls");
}

bool is_vector(const StoredTensor& tensor) {
  return tensor.shape.size() == 1 && tensor.shape[0] > 1 && is_float(tensor.type) && tensor.problem.empty() &&
         !tensor.is_plain;
}

}  // namespace kintsugi
