#include <algorithm>

#include "analysis/order_agreement.hpp"
#include "analysis/pairing_study.hpp"
#include "analysis/workshop.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

Ground lay_study_ground(const mpi::Comm& world, const Network& network, const RowShape& shape,
                        const StudyOptions& options, Study& study) {
  Ground ground;
  std::vector<int> pairs;
  world.agree([&] {
    if (!world.root()) return;
    ground.roles = infer_roles(network, shape, options.given_expand);
    if (ground.roles.expand.empty()) throw InputError("the network has no blocks: there is no order to study");
    const Pairing pairing = pair_pieces(network, ground.roles, options.pairing);
    for (const PairScore& pair : pairing.pairs) pairs.insert(pairs.end(), {pair.expand, pair.compress});
    study.pairing = study_pairing(network, ground.roles, pairing);
    if (!options.answer) return;
    for (const Block& block : options.answer->blocks)
      ground.answer.insert(ground.answer.end(), {block.expand, block.compress});
  });
  world.broadcast(pairs);
  world.broadcast(ground.answer);
  for (std::size_t i = 0; i < pairs.size(); i += 2) ground.pairing.push_back({pairs[i], pairs[i + 1]});
  if (world.root()) ground.norms = compress_norms(network, ground.pairing);
  study.has_answer = !ground.answer.empty();
  if (!study.has_answer) return ground;
  for (const Block& block : ground.pairing) {
    int place = -1;
    for (std::size_t t = 0; t + 1 < ground.answer.size(); t += 2) {
      if (ground.answer[t] == block.expand) place = static_cast<int>(t / 2);
    }
    ground.places.push_back(place);
    if (place < 0 || ground.answer[2 * static_cast<std::size_t>(place) + 1] != block.compress) ++study.wrong_pairs;
  }
  return ground;
}

OrderAgreement Workshop::agreement(const std::vector<int>& order) const {
  if (ground.places.empty()) return {};
  std::vector<int> places;
  for (const int block : order) places.push_back(ground.places[static_cast<std::size_t>(block)]);
  return agree(places);
}

}  // namespace kintsugi
