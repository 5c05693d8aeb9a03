// SPDX-License-Identifier: Apache-2.0
#include "converter/run/steered_lists.h"

#include <algorithm>

#include "converter/io/progress.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

std::vector<uint32_t> items_of(const std::vector<pintle_recommendation>& list) {
  std::vector<uint32_t> items;
  items.reserve(list.size());
  for (const pintle_recommendation& entry : list) items.push_back(entry.item);
  return items;
}

std::vector<uint32_t> list_of(Session* session, const ListVariant& variant) {
  const pintle_steering steering = steer(variant.edits, variant.flags);
  pintle_wishes wishes = PINTLE_WISHES_INIT;
  wishes.wishes = variant.wishes.data();
  wishes.wish_count = variant.wishes.size();
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = kTopTen;
  request.steering = &steering;
  request.wishes = &wishes;
  return items_of(require(session->recommend(request), "cannot recommend"));
}

Gets gets(const ListVariant& variant, size_t user) {
  if (!variant.who.empty() && variant.who[user] != Gets::kList) return variant.who[user];
  return variant.edits.empty() && variant.wishes.empty() ? Gets::kPlainList : Gets::kList;
}

}  // namespace

std::vector<ListMeasure> measure_lists(const Model& model, const Histories& histories,
                                       const std::vector<ListVariant>& variants, ThreadPool* pool,
                                       const std::vector<float>& item_values, ListBar bar) {
  const size_t workers = static_cast<size_t>(pool->size());
  std::vector<std::optional<uint32_t>> attributes;
  for (const ListVariant& variant : variants) attributes.push_back(variant.attribute);
  ListTally tally(model, histories, attributes, item_values, workers);
  std::vector<Session> sessions;
  for (size_t i = 0; i < workers; ++i) sessions.push_back(new_session(model));
  std::optional<Progress> progress;
  if (bar == ListBar::kShown) {
    progress.emplace("measuring lists of", "users", histories.users.size());
  }
  pool->for_each(histories.users.size(), [&](size_t user, int worker_number) {
    const size_t worker = static_cast<size_t>(worker_number);
    const std::vector<uint32_t>& events = histories.items[user];
    const bool is_needed =
        is_measured(events) &&
        std::any_of(variants.begin(), variants.end(), [&](const ListVariant& variant) {
          return gets(variant, user) != Gets::kNothing;
        });
    if (is_needed) {
      Session* const session = &sessions[worker];
      require(session->reset(), "cannot recommend");
      require(session->append(events.data(), events.size() - 1), "cannot recommend");
      const std::vector<uint32_t> base =
          items_of(require(session->recommend(kTopTen), "cannot recommend"));
      for (size_t v = 0; v < variants.size(); ++v) {
        const Gets what = gets(variants[v], user);
        if (what == Gets::kNothing) continue;
        const bool is_plain = what == Gets::kPlainList;
        tally.count(v, user, worker, is_plain ? base : list_of(session, variants[v]), base);
      }
    }
    if (progress) progress->advance();
  });
  return tally.result();
}

}  // namespace pintle::converter
