// SPDX-License-Identifier: Apache-2.0
#include "converter/sae_training/write_states.h"

#include "converter/io/error.h"
#include "converter/run/harvest.h"

namespace pintle::converter {

int64_t write_states(const Model& model, const Histories& histories, const ActivationHeader& header,
                     const std::string& path, ThreadPool* pool) {
  ActivationWriter writer(path, header);
  int64_t positions = 0;
  harvest_states(model, histories, header.hook, pool, [&](const UserStates& user) {
    const int64_t rows = static_cast<int64_t>(user.items.size());
    if (rows > 0) writer.append(user.states.data(), user.items.data(), rows);
    positions += rows;
  });
  if (positions == 0) throw Error("the histories hold no event that the model knows");
  writer.finish();
  return positions;
}

}  // namespace pintle::converter
