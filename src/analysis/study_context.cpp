#include "analysis/study_context.hpp"

#include <utility>

#include "analysis/order_agreement.hpp"
#include "analysis/pairing_study.hpp"
#include "depth/weights_line.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

// Rank 0's part.
void find_line(const Network& network, const Pairing& pairs, StudyPreparation& preparation, Study& study) {
  Blocks pairing;
  pairing.reserve(pairs.pairs.size());
  for (const PairScore& pair : pairs.pairs) pairing.push_back({pair.expand, pair.compress});
  LineStudy found = study_line(network, pairing, preparation.roles.head);
  if (found.lines.empty()) return;
  preparation.line = std::move(found.lines.front().order);
  study.line = std::move(found.line);
  for (Block& block : study.line.blocks) block = {network.index_of(block.expand), network.index_of(block.compress)};
}

}  // namespace

StudyPreparation prepare_study(const mpi::Comm& world, const Network& network, const RowShape& shape,
                               const StudyOptions& options, Study& study) {
  StudyPreparation preparation;
  std::vector<int> pairs;
  world.agree([&] {
    if (!world.root()) return;
    preparation.roles = infer_roles(network, shape, options.given_expand);
    if (preparation.roles.expand.empty()) throw InputError("the network has no blocks: there is no order to study");
    const Pairing pairing = pair_pieces(network, preparation.roles, options.pairing);
    for (const PairScore& pair : pairing.pairs) pairs.insert(pairs.end(), {pair.expand, pair.compress});
    study.pairing = study_pairing(network, preparation.roles, pairing);
    find_line(network, pairing, preparation, study);
    if (!options.answer) return;
    for (const Block& block : options.answer->blocks)
      preparation.answer.insert(preparation.answer.end(), {block.expand, block.compress});
  });
  world.broadcast(pairs);
  world.broadcast(preparation.answer);
  world.broadcast(preparation.line);
  for (std::size_t i = 0; i < pairs.size(); i += 2) preparation.pairing.push_back({pairs[i], pairs[i + 1]});
  if (world.root()) preparation.norms = compress_norms(network, preparation.pairing);
  study.has_answer = !preparation.answer.empty();
  if (!study.has_answer) return preparation;
  for (const Block& block : preparation.pairing) {
    int place = -1;
    for (std::size_t t = 0; t + 1 < preparation.answer.size(); t += 2) {
      if (preparation.answer[t] == block.expand) place = static_cast<int>(t / 2);
    }
    preparation.places.push_back(place);
    if (place < 0 || preparation.answer[2 * static_cast<std::size_t>(place) + 1] != block.compress) ++study.wrong_pairs;
  }
  return preparation;
}

OrderAgreement StudyContext::agreement(const std::vector<int>& order) const {
  if (preparation.places.empty()) return {};
  std::vector<int> places;
  for (const int block : order) places.push_back(preparation.places[static_cast<std::size_t>(block)]);
  return order_agreement(places);
}

}  // namespace kintsugi
