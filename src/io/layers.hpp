#pragma once

#include <map>
#include <string>
#include <vector>

#include "io/tensor.hpp"
#include "kintsugi/core/piece.hpp"

namespace kintsugi {

/// What was left out of files, for the user.
class LeftOut {
 public:
  void add(const std::string& origin, const std::string& what);
  /// A sentence for each `what`, with the first file that it was in and how many more.
  [[nodiscard]] std::vector<std::string> sentences() const;

 private:
  struct Place {
    std::string first;
    int files = 0;
  };
  std::map<std::string, Place> places_;
};

/// The linear layers among the tensors of a file: "NAME.weight" [out x in] and maybe "NAME.bias" [out], by any keys
/// (see choose_state_dict()). What has one dimension, gains of norms ("NAME.weight" [d], maybe "NAME.bias" [d]) and
/// scales ("NAME" [d]), are pieces, too: with `out` = d and `in` = 0. Counters and the like (integers, losses) are left
/// out; any other tensor beside the layers is refused, since a network that has it is another one. Ascending by index,
/// see indices_of(). Throws InputError that names `origin` and the rule.
[[nodiscard]] std::vector<PieceF64> pieces_of(std::vector<StoredTensor> tensors, const std::string& origin,
                                              LeftOut& left_out);

/// The one layer of a file that holds one; index and source are left to the caller.
[[nodiscard]] PieceF64 piece_of(std::vector<StoredTensor> tensors, const std::string& origin, LeftOut& left_out);

}  // namespace kintsugi
