// SPDX-License-Identifier: Apache-2.0
#include "runtime/scan/scoring.h"

#include <assert.h>

#include "runtime/scan/catalogue_scan.h"
#include "runtime/scan/exact_scan.h"
#include "runtime/scan/executor.h"
#include "runtime/scan/panel_scorer.h"
#include "runtime/scan/selector.h"
#include "runtime/scan/tilted_scan.h"
#include "runtime/scan/topk.h"
#include "runtime/scan/trust.h"

namespace pintle::internal {
namespace {

// The network's scores of items one by one. One costs its panel; neighbours in a sorted list share it.
class ItemScorer {
 public:
  ItemScorer(Session* session, const float* hidden)
      : scorer_(session, hidden),
        exact_(session, hidden),
        is_exact_(hidden != nullptr && session->model->exact.present()) {}

  float score(uint32_t item) {
    if (is_exact_) {
      float scores[kPanelRows];
      exact_.score(&item, 1, scores);
      return scores[0];
    }
    const size_t panel = item / kPanelRows;
    if (scores_ == nullptr || panel != panel_) {
      scores_ = scorer_.score(panel, 1);
      panel_ = panel;
    }
    return scores_[item % kPanelRows];
  }

 private:
  PanelScorer scorer_;
  ExactScorer exact_;
  bool is_exact_;
  const float* scores_ = nullptr;
  size_t panel_ = 0;
};

// Whether an allow list is so short that looking for its items in the bitmap would cost more than
// scoring them: one word of the bitmap an item.
bool is_short_list(const Model& model, const pintle_request& request) {
  return (request.flags & PINTLE_ONLY_ALLOWED) != 0 && request.allow_count < model.item_count / 64;
}

// A scan cut into `count` stretches of panels, each with its own list; what they keep is the same
// whoever runs them, and so is the best of it.
struct ScanTasks {
  Session* session;
  const Eligibility& eligibility;
  const PanelScorer& scorer;
  size_t count;
  TopK lists[PINTLE_PARALLEL_TASKS];

  static void run(void* context, size_t index) {
    ScanTasks& tasks = *static_cast<ScanTasks*>(context);
    const Model& model = *tasks.session->model;
    const size_t panels = model.scored_items.panel_count();
    PanelScorer scorer(tasks.scorer, tasks.session->scan.task_scores.part(
                                         index * PanelScorer::kScores, PanelScorer::kScores));
    Selector selector(tasks.eligibility, &tasks.lists[index]);
    scan_catalogue(model, tasks.eligibility, &scorer, panels * index / tasks.count,
                   panels * (index + 1) / tasks.count, &selector);
  }
};

void scan_in_tasks(Session* session, const Eligibility& eligibility, const PanelScorer& scorer,
                   size_t count, size_t k, TopK* best) {
  assert(count <= PINTLE_PARALLEL_TASKS && k <= PINTLE_PARALLEL_K);
  ScanTasks tasks = {session, eligibility, scorer, count, {}};
  for (size_t i = 0; i < count; ++i) {
    tasks.lists[i] = TopK(session->scan.task_entries.at(i * PINTLE_PARALLEL_K, k), k);
  }
  run_tasks(session->executor, count, ScanTasks::run, &tasks);
  for (size_t i = 0; i < count; ++i) best->offer_all(tasks.lists[i]);
}

// Offers all eligible items of the request to the selector, whose list is `best`.
void scan_items(Session* session, const float* hidden, const pintle_request& request,
                Eligibility* eligibility, Selector* selector, TopK* best) {
  const Model& model = *session->model;
  session->exact_counts = {};
  if (is_short_list(model, request)) {
    ItemScorer scorer(session, hidden);
    for (size_t i = 0; i < request.allow_count; ++i) {
      const uint32_t item = request.allow[i];
      if (!eligibility->of_item(item)) continue;
      selector->offer(item, scorer.score(item));
      eligibility->drop(item);
    }
  } else if (hidden != nullptr && model.exact.present()) {
    exact_scan(session, hidden, *eligibility, request.k, selector, &session->exact_counts);
  } else {
    PanelScorer scorer(session, hidden);
    const size_t tasks = selector->has_tilt() ? 1 : scan_task_count(*session, request.k);
    if (tasks > 1) {
      scan_in_tasks(session, *eligibility, scorer, tasks, request.k, best);
    } else {
      scan_catalogue(model, *eligibility, &scorer, 0, model.scored_items.panel_count(), selector);
    }
  }
}

// Whatever the request and the table; each try of the trust region is a scan.
size_t top_selected(Session* session, const float* hidden, const pintle_request& request,
                    const Audience& audience, TrustRegion* trust, pintle_recommendation* out) {
  pintle_recommendation* own_entries = session->list.own.front(PINTLE_LIST_K);
  for (;;) {
    TopK best(out, request.k);
    TopK own(own_entries, request.k < PINTLE_LIST_K ? request.k : PINTLE_LIST_K);
    {
      Eligibility eligibility(session, request, audience);
      Selector selector(eligibility, trust->tilt(), &best, &own);
      scan_items(session, hidden, request, &eligibility, &selector, &best);
    }
    const size_t count = best.finish();
    if (!trust->tilt().is_active()) return count;
    own.finish();
    ItemScorer scorer(session, hidden);
    for (size_t i = 0; i < count; ++i) out[i].score = scorer.score(out[i].item);
    if (trust->holds(own_entries, out, count)) return count;
  }
}

}  // namespace

Status check_items(const Session& session, const char* list, const uint32_t* items, size_t count) {
  const Model& model = *session.model;
  for (size_t i = 0; i < count; ++i) {
    if (model.catalogue.has(items[i])) continue;
    return session.fault()(PINTLE_ERR_UNKNOWN_ITEM, "%s %zu is item %u, of a catalogue of %u", list,
                           i, items[i], model.item_count);
  }
  return PINTLE_OK;
}

size_t top_items(Session* session, const float* hidden, const pintle_request& request,
                 const Audience& audience, pintle_recommendation* out) {
  const Model& model = *session->model;
  TrustRegion trust(session, audience);
  const bool is_exact = hidden != nullptr && model.exact.present();
  size_t count = 0;
  if (trust.tilt().is_active() && !is_exact && (request.flags & PINTLE_ONLY_ALLOWED) == 0) {
    session->exact_counts = {};
    count = tilted_top(session, hidden, request, audience, &trust, out);
  } else {
    count = top_selected(session, hidden, request, audience, &trust, out);
  }
  for (size_t i = 0; i < count; ++i) {
    model.catalogue.get_id(out[i].item, &out[i].id, &out[i].id_text);
  }
  return count;
}

Status score_items(Session* session, const float* hidden, const uint32_t* items, size_t count,
                   float* scores) {
  PINTLE_TRY(check_items(*session, "entry", items, count));
  ItemScorer scorer(session, hidden);
  for (size_t i = 0; i < count; ++i) scores[i] = scorer.score(items[i]);
  return PINTLE_OK;
}

}  // namespace pintle::internal
