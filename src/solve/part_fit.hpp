#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <map>
#include <vector>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/parameters.hpp"
#include "kintsugi/core/piece.hpp"
#include "solve/part_gradients.hpp"
#include "solve/part_places.hpp"

namespace kintsugi {

/// Rows that parts are found on, in float64; outputs count by their deviations.
struct PartSample {
  PartMatrix inputs;       ///< [n x d]
  PartMatrix predictions;  ///< [n x k]
  PartVector weights;      ///< of outputs
};

/// Finds parts at one order. Not collective. Everything throws Stopped.
class PartFit {
 public:
  /// All are kept by reference. `network` has its parts.
  PartFit(const NetworkF64& network, const Assembly& assembly, const PartSample& sample,
          const PartChoiceParameters& parameters)
      : network_(network), assembly_(assembly), sample_(sample), parameters_(parameters), passes_(network, assembly) {}

  /// Sum of squares over the sample.
  [[nodiscard]] double error();

  /// Turns all gates that the least squares favour the other way round, while that lowers the error. Positions of their
  /// expand pieces, each as often as it was turned.
  [[nodiscard]] std::vector<int> find_turns();

  /// Which part of each group stands in the place of which of its parts: from equal shares where `equal`, else from
  /// those as they are.
  [[nodiscard]] std::vector<std::vector<int>> find_places(std::vector<PartGroup> groups, bool equal);

 private:
  /// Normal equations of the errors at the present point.
  struct Equations {
    Eigen::MatrixXd normal;
    Eigen::VectorXd right;
    [[nodiscard]] Eigen::VectorXd solve(double damping) const;
  };
  /// [rows x unknowns]: what each unknown does to one output.
  using Effects = Eigen::MatrixXd;

  /// `effects(q)` of output q after each forward pass.
  template <class EffectsOf>
  Equations equations(Eigen::Index unknowns, const EffectsOf& effects);
  [[nodiscard]] bool has_gate(int expand) const;
  [[nodiscard]] Effects effects_of_turns(Eigen::Index output, const std::vector<std::size_t>& gated) const;
  [[nodiscard]] Effects effects_of_shares(Eigen::Index output, Eigen::Index unknowns) const;
  /// Of some rows from `first` on: [rows x k].
  PartMatrix errors_of(Eigen::Index first);
  [[nodiscard]] PartGradients::Slot slot_of(std::size_t part) const;
  void start(std::vector<PartGroup> groups, bool equal);
  /// Gives each place its mixture; the error.
  double mix();

  const NetworkF64& network_;
  const Assembly& assembly_;
  const PartSample& sample_;
  PartChoiceParameters parameters_;
  PartGradients passes_;
  std::map<int, int> positions_;
  std::vector<PartGroup> groups_;
  std::vector<PartMatrix> candidates_;   // of each group: the parts' numbers
  std::vector<Eigen::MatrixXd> shares_;  // of each group: places by parts
};

}  // namespace kintsugi
