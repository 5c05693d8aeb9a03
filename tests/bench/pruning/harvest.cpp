// SPDX-License-Identifier: Apache-2.0
//
// What study.py needs of a model: pruning_harvest MODEL INTERACTIONS ID_MAP|- COUNT OUT writes
// OUT.rows (the table that items are scored with, as f32) and OUT.states (COUNT vectors that they are
// scored against, from real histories), both row-major. INTERACTIONS: lines of a user and items, or
// of a user and one item. ID_MAP: lines of an id there and the model's id.
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "converter/run/runtime_model.h"
#include "runtime/model/model.h"

namespace {

std::vector<std::vector<uint32_t>> read_histories(const pintle::Model& model, const char* path,
                                                  const std::string& map_path) {
  std::map<int64_t, int64_t> ids;
  std::ifstream map(map_path);
  for (int64_t from, to; map >> from >> to;) ids[from] = to;
  std::map<int64_t, std::vector<uint32_t>> users;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    int64_t user, id;
    fields >> user;
    while (fields >> id) {
      if (map_path != "-") {
        const auto found = ids.find(id);
        if (found == ids.end()) continue;
        id = found->second;
      }
      const pintle::Result<uint32_t> item = model.find(id);
      if (item) users[user].push_back(*item);
    }
  }
  std::vector<std::vector<uint32_t>> histories;
  for (auto& [user, items] : users) {
    if (items.size() >= 2) histories.push_back(std::move(items));
  }
  return histories;
}

void write_row(std::ofstream* file, const std::vector<float>& row) {
  file->write(reinterpret_cast<const char*>(row.data()),
              static_cast<std::streamsize>(row.size() * sizeof(float)));
}

}  // namespace

int main(int argc, char** argv) {
  using pintle::converter::new_session;
  using pintle::converter::require;
  if (argc != 6) {
    std::fprintf(stderr, "usage: pruning_harvest MODEL INTERACTIONS ID_MAP|- COUNT OUT\n");
    return 2;
  }
  const pintle::Model model = pintle::converter::open_model(argv[1]);
  const auto histories = read_histories(model, argv[2], argv[3]);
  const size_t count = std::stoull(argv[4]);
  const std::string out = argv[5];
  if (histories.empty()) {
    std::fprintf(stderr, "%s: no history of two known items\n", argv[2]);
    return 1;
  }
  const pintle::internal::Model& table = *pintle::internal::model_of(model.get());
  std::vector<float> row(table.dim);
  std::ofstream rows(out + ".rows", std::ios::binary), states(out + ".states", std::ios::binary);
  for (uint32_t i = 0; i < table.item_count; ++i) {
    pintle::internal::gather_row(table.scored_items, i, row.data());  // as the file has it
    write_row(&rows, row);
  }
  // Users evenly; every second history whole but its last item, the others cut at a seeded place.
  std::mt19937_64 random(1);
  pintle::Session session = new_session(model);
  for (size_t i = 0; i < count; ++i) {
    const std::vector<uint32_t>& history = histories[i * histories.size() / count];
    const size_t whole = history.size() - 1;
    require(session.reset(), "history");
    require(session.append(history.data(), i % 2 == 1 ? whole : 1 + random() % whole), "history");
    write_row(&states, require(session.state("last"), "state"));
  }
  std::printf("%u items, %u dims, %zu states of %zu histories\n", table.item_count, table.dim,
              count, histories.size());
}
