// SPDX-License-Identifier: Apache-2.0
//
// pruning_check MODEL STATES: for every vector of STATES (row-major f32, as pruning_harvest writes them)
// the top 10 by MODEL's exact scan against the full f32 scan of its rows: how many are identical,
// items and bits; bytes read over an int8 scan's; and the time over that of the int8 scan of the
// same table, alternately, the least of three for every hundred lists. Exit status 1 if a list differs.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "converter/run/runtime_model.h"
#include "runtime/scan/catalogue_scan.h"
#include "runtime/scan/exact_scan.h"

namespace {

using namespace pintle::internal;  // what this tests is not public
using pintle::converter::new_session;
using pintle::converter::open_model;

constexpr uint32_t kListed = 10;
constexpr size_t kBlock = 100;

struct AlignedFloats {
  explicit AlignedFloats(size_t count)
      : values(static_cast<float*>(::operator new (count * 4, std::align_val_t{64}))) {}
  ~AlignedFloats() { ::operator delete (values, std::align_val_t{64}); }
  float* values;
};

class Check {
 public:
  explicit Check(const pintle::Model& model)
      : model_(*model_of(model.get())),
        owner_(new_session(model)),
        session_(session_of(owner_.get())),
        panels_((model_.item_count + kPanelRows - 1) / kPanelRows),
        table_(panels_ * kPanelRows * model_.dim),
        scores_(panels_ * kPanelRows) {
    std::memset(table_.values, 0, panels_ * kPanelRows * model_.dim * sizeof(float));
    for (size_t i = 0; i < model_.item_count; ++i) {
      for (size_t c = 0; c < model_.dim; ++c) {
        table_.values[(i / kPanelRows * model_.dim + c) * kPanelRows + i % kPanelRows] =
            model_.exact.rows[i * model_.dim + c];
      }
    }
  }

  bool is_identical(const float* hidden) {
    size_t count = 0, full_count = 0;
    pintle_recommendation list[kListed], full[kListed];
    select(list, &count, [&](const Eligibility& eligibility, Selector* s) {
      exact_scan(session_, hidden, eligibility, kListed, s, &counts);
    });
    select(full, &full_count, [&](const Eligibility&, Selector* selector) {
      model_.kernels.matvec_f32(table_.values, panels_, model_.dim, hidden, scores_.values);
      for (size_t p = 0; p < panels_; ++p) {
        float* scores = scores_.values + p * kPanelRows;
        for (size_t r = 0; r < kPanelRows && model_.item_bias != nullptr; ++r) {
          scores[r] += model_.item_bias[p * kPanelRows + r];
        }
        selector->offer_panel(p, 0xffff, scores);
      }
    });
    bool same = count == full_count;
    for (size_t i = 0; i < count && same; ++i) {
      same = list[i].item == full[i].item && std::memcmp(&list[i].score, &full[i].score, 4) == 0;
    }
    return same;
  }

  void scan_exact(const float* hidden) {
    pintle_recommendation list[kListed];
    size_t count;
    select(list, &count, [&](const Eligibility& eligibility, Selector* s) {
      ExactCounts uncounted;
      exact_scan(session_, hidden, eligibility, kListed, s, &uncounted);
    });
  }
  void scan_int8(const float* hidden) {
    pintle_recommendation list[kListed];
    size_t count;
    select(list, &count, [&](const Eligibility& eligibility, Selector* s) {
      PanelScorer scorer(session_, hidden);
      scan_catalogue(model_, eligibility, &scorer, 0, panels_, s);
    });
  }

  ExactCounts counts;

 private:
  template <typename Scan>
  void select(pintle_recommendation* list, size_t* count, const Scan& scan) const {
    const pintle_request request = PINTLE_REQUEST_INIT;
    const Eligibility eligibility(session_, request, Audience());
    TopK best(list, kListed);
    Selector selector(eligibility, &best);
    scan(eligibility, &selector);
    *count = best.finish();
  }

  const Model& model_;
  pintle::Session owner_;
  pintle::internal::Session* session_;
  size_t panels_;
  AlignedFloats table_, scores_;
};

template <typename Scan>
double seconds_of(const std::vector<float>& states, size_t dim, size_t first, size_t end,
                  const Scan& scan) {
  const auto start = std::chrono::steady_clock::now();
  for (size_t i = first; i < end; ++i) scan(states.data() + i * dim);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: pruning_check MODEL STATES\n");
    return 2;
  }
  const pintle::Model opened = open_model(argv[1], PINTLE_OPEN_VERIFY_ALL);
  const Model* model = model_of(opened.get());
  if (!model->exact.present()) {
    std::printf("%s: not pruned\n", argv[1]);
    return 0;
  }
  const size_t dim = model->dim;
  std::ifstream file(argv[2], std::ios::binary | std::ios::ate);
  std::vector<float> states(static_cast<size_t>(file.tellg()) / sizeof(float));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(states.data()),
            static_cast<std::streamsize>(states.size() * sizeof(float)));
  const size_t count = states.size() / dim;

  Check check(opened);
  size_t identical = 0;
  for (size_t i = 0; i < count; ++i) identical += check.is_identical(states.data() + i * dim);
  const double lists = static_cast<double>(count);
  const double row = static_cast<double>(pintle::format::round_up(dim, 4)) + sizeof(float);
  std::printf(
      "%s: %zu of %zu lists identical; bytes %.4f of the int8 scan's (coarse panels %.3f, "
      "fine rows %.4f of the table, f32 rows %.1f)",
      argv[1], identical, count,
      static_cast<double>(exact_bytes(check.counts, *model)) / (lists * row * model->item_count),
      static_cast<double>(check.counts.coarse_panels * kPanelRows) / lists /
          static_cast<double>(pintle::format::round_up(model->item_count, kPanelRows)),
      static_cast<double>(check.counts.fine_rows) / lists / model->item_count,
      static_cast<double>(check.counts.f32_rows) / lists);
  if (model->scored_items.dtype == pintle::fb::DType_I8) {
    // A tenth of the lists where a table is large.
    const size_t timed = model->item_count > 100000 ? count / 10 : count;
    double exact = 0, int8 = 0;
    for (size_t first = 0; first < timed; first += kBlock) {
      const size_t end = std::min(timed, first + kBlock);
      double best_exact = 1e9, best_int8 = 1e9;
      for (int round = 0; round < 3; ++round) {
        best_exact = std::min(best_exact, seconds_of(states, dim, first, end,
                                                     [&](const float* h) { check.scan_exact(h); }));
        best_int8 = std::min(best_int8, seconds_of(states, dim, first, end,
                                                   [&](const float* h) { check.scan_int8(h); }));
      }
      exact += best_exact;
      int8 += best_int8;
    }
    const double scale = 1e6 / static_cast<double>(timed);
    std::printf("; time %.2f of the int8 scan's (%.1f us, %.1f us; %s)", exact / int8,
                exact * scale, int8 * scale, model->isa);
  }
  std::printf("\n");
  return identical == count ? 0 : 1;
}
