// SPDX-License-Identifier: Apache-2.0
//
// Exact lists against those of the same network with an f32 table: the same items and bits.
#include "runtime/scan/exact_scan.h"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "converter/file/exact_index.h"
#include "support/tiny_models.h"
#include "unit/corruptions.h"
#include "unit/random_network.h"

namespace pintle::test {
using namespace pintle::internal;  // what this tests is not public
namespace {

using converter::Matrix;
using converter::RandomNumbers;
using converter::States;

States random_states(int64_t count, int64_t dim, uint32_t seed) {
  const std::vector<float> values = RandomNumbers(seed).vector(count * dim, 1.0f);
  return Eigen::Map<const States>(values.data(), count, dim);
}

// As `tiny.file()`, f32, with the codes and bounds for exact lists.
std::vector<uint8_t> exact_file(const TinyModel& tiny) {
  converter::PackedNetwork packed = converter::pack_network(tiny.network, fb::DType_F32);
  converter::pack_exact_index(tiny.network, random_states(200, tiny.network.dim, 7), &packed);
  converter::pack_saes(tiny.interpretation, &packed);
  return serialize_model(tiny.network, packed, tiny.catalogue, {}, tiny.interpretation);
}

enum Table { kRandom, kClustered, kTied, kZero, kDuplicated, kLongTailed, kTables };

TinyModel model_of(Table table, int64_t items, int64_t dim, bool has_bias) {
  const uint32_t seed = static_cast<uint32_t>(table) * 100 + static_cast<uint32_t>(dim);
  TinyModel tiny;
  tiny.network = converter::random_network({items, dim, 2, 12, 6, 1}, seed);
  Matrix& rows = tiny.network.items;
  RandomNumbers random(seed + 1);
  const Matrix centres = random.matrix(7, dim);
  const std::vector<float> lengths = random.vector(items, 1.5f);
  for (int64_t i = 0; i < items; ++i) {
    float* row = rows.row(i);
    for (int64_t c = 0; c < dim; ++c) {
      if (table == kClustered) row[c] = centres.row(i % 7)[c] + 0.01f * row[c];
      if (table == kTied) row[c] = row[c] > 0 ? 0.25f : -0.25f;
      if (table == kZero) row[c] = 0;
      if (table == kDuplicated) row[c] = centres.row(i % 7)[c];
      if (table == kLongTailed) row[c] *= std::exp(lengths[static_cast<size_t>(i)]);
    }
  }
  if (has_bias) tiny.network.item_bias = random.vector(items);
  tiny.catalogue = integer_catalogue(items, seed);
  for (int64_t i = 0; i < items; ++i) tiny.catalogue.trained.push_back(i % 11 != 3);
  return tiny;
}

// The best k of all that an unsteered list may hold, by the scan alone; returns how many there are.
size_t exact_list(internal::Session* session, const float* hidden, size_t k,
                  pintle_recommendation* list, ExactCounts* counts) {
  const pintle_request request = PINTLE_REQUEST_INIT;
  const Eligibility eligibility(session, request, Audience());
  TopK best(list, k);
  Selector selector(eligibility, &best);
  exact_scan(session, hidden, eligibility, k, &selector, counts);
  return best.finish();
}

void check_lists(const TinyModel& tiny) {
  const OpenModel f32(tiny.file()), exact(exact_file(tiny));
  REQUIRE(internal::model_of(exact.get())->exact.present());
  const uint32_t items = internal::model_of(f32.get())->item_count;
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    const std::vector<uint32_t> history = random_history(5 * seed, items, seed);
    OpenSession expected(f32, history), found(exact, history);
    std::vector<uint32_t> allow = random_history(std::max(1u, items / 3), items, seed + 10);
    const std::vector<uint32_t> few(allow.begin(), allow.begin() + 1), deny = {allow[0]};
    allow.push_back(allow[0]);
    for (const uint32_t k : {1u, 10u, 128u, 129u, items}) {
      for (int lists = 0; lists < 4; ++lists) {
        pintle_request request = PINTLE_REQUEST_INIT;
        request.k = k;
        request.flags = seed % 2 == 0 ? PINTLE_INCLUDE_SEEN : 0;
        if (lists == 1 || lists == 2) {
          request.flags |= PINTLE_ONLY_ALLOWED;
          request.allow = lists == 1 ? allow.data() : few.data();
          request.allow_count = lists == 1 ? allow.size() : few.size();
        }
        if (lists == 3) {
          request.deny = deny.data();
          request.deny_count = deny.size();
        }
        CAPTURE(k);
        CAPTURE(lists);
        CHECK(same_list(found.recommend(request), expected.recommend(request)));
      }
    }
    const std::vector<float> a = found.all_scores(), b = expected.all_scores();
    CHECK(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("lists and scores equal the f32 scan's, bit for bit") {
  for (int table = 0; table < kTables; ++table) {
    for (const int64_t dim : {2, 30, 32, 50, 64, 70}) {
      for (const int64_t items : {1, 17, 700}) {
        for (const bool has_bias : {false, true}) {
          CAPTURE(table);
          CAPTURE(dim);
          CAPTURE(items);
          CAPTURE(has_bias);
          check_lists(model_of(static_cast<Table>(table), items, dim, has_bias));
        }
      }
    }
  }
}

// Such lists are not pruned: their scores are the f32 products all the same.
TEST_CASE("lists under knobs, wishes and rules equal those of an f32 table") {
  converter::Network network = converter::random_network({300, 12, 2, 20, 6, 2}, 5);
  const TinyModel tiny = steerable_model(network);
  const OpenModel f32(tiny.file()), exact(exact_file(tiny));
  const std::vector<uint32_t> history = random_history(9, 300, 2);
  OpenSession expected(f32, history), found(exact, history);
  const std::vector<pintle_wish> wishes = {{PINTLE_WISH_DIVERSE, 0, 0.5f},
                                           {PINTLE_WISH_EXPLORE, 0, 0.3f},
                                           {PINTLE_WISH_ATTRIBUTE, 2, -1}};
  const std::vector<pintle_rule> rules = {{PINTLE_RULE_AT_LEAST, 1, 0, 0.3f}};
  pintle_wishes asked = PINTLE_WISHES_INIT;
  asked.wishes = wishes.data();
  asked.wish_count = wishes.size();
  asked.rules = rules.data();
  asked.rule_count = rules.size();
  const auto same = [&](pintle_request request) {
    for (const size_t k : {1, 10, 32}) {
      CAPTURE(k);
      request.k = k;
      CHECK(same_list(found.recommend(request), expected.recommend(request)));
    }
  };
  pintle_request request = PINTLE_REQUEST_INIT;
  request.wishes = &asked;
  same(request);
  request.wishes = nullptr;
  for (uint32_t knob = 0; knob < 3; ++knob) {
    for (const float strength : {-0.9f, 0.0f, 0.4f, 0.9f}) {
      const std::vector<pintle_edit> edits = {{PINTLE_EDIT_KNOB, knob, 0, 0, strength}};
      const pintle_steering steering = steering_of(edits);
      CAPTURE(knob);
      CAPTURE(strength);
      request.steering = &steering;
      same(request);
    }
  }
}

// The states for which a row's bound is the closest that it can be: y_j = v_j / weight_j^2.
TEST_CASE("states along an item's error do not lose the item") {
  const TinyModel tiny = model_of(kRandom, 500, 40, false);
  const OpenModel model(exact_file(tiny));
  const OpenSession owner(model);
  internal::Session* session = session_of(owner.get());
  const ExactView& exact = internal::model_of(model.get())->exact;
  const Eigen::Index dim = 40;
  const Eigen::MatrixXd basis = Eigen::Map<const States>(exact.basis, dim, dim).cast<double>();
  const auto lu = basis.partialPivLu();
  std::vector<float> codes(kGroupCols);
  for (uint32_t item = 0; item < 500; ++item) {
    gather_row(exact.coarse, item, codes.data());
    Eigen::VectorXd left(dim);
    for (Eigen::Index c = 0; c < dim; ++c) {
      left[c] = static_cast<double>(exact.rows[item * dim + c]) - exact.centre[c];
    }
    Eigen::VectorXd v = basis.transpose().partialPivLu().solve(left);
    for (Eigen::Index j = 0; j < 30; ++j) v[j] -= static_cast<double>(codes[j]);
    for (Eigen::Index j = 0; j < dim; ++j) {
      v[j] /= static_cast<double>(exact.coarse_weights[j]) * exact.coarse_weights[j];
    }
    const Eigen::VectorXf hidden = lu.solve(v).cast<float>();
    pintle_recommendation list[3];
    ExactCounts counts;
    REQUIRE(exact_list(session, hidden.data(), 3, list, &counts) == 3);
    CHECK(counts.f32_rows >= 3);

    std::vector<std::pair<float, uint32_t>> all;
    const ExactScorer scorer(session, hidden.data());
    for (uint32_t i = 0; i < 500; ++i) {
      float scores[kPanelRows];
      scorer.score(&i, 1, scores);
      if (i % 11 != 3) all.emplace_back(-scores[0], i);
    }
    std::sort(all.begin(), all.end());
    for (size_t i = 0; i < 3; ++i) CHECK(list[i].item == all[i].second);
  }
}

TEST_CASE("a state that is not finite, or zero, gives the f32 scan's list") {
  const TinyModel tiny = model_of(kRandom, 100, 16, false);
  const OpenModel model(exact_file(tiny));
  const OpenSession owner(model);
  internal::Session* session = session_of(owner.get());
  for (const float value : {0.0f, 1e-30f, 1e30f, INFINITY, NAN}) {
    const std::vector<float> hidden(16, value);
    pintle_recommendation list[5];
    ExactCounts counts;
    CHECK(exact_list(session, hidden.data(), 5, list, &counts) == 5);
    if (value != 0.0f) continue;
    for (uint32_t i = 0; i < 3; ++i) CHECK(list[i].item == i);  // ties: the lower item
  }
}

TEST_CASE("a session tells what its latest list read, and only that one's") {
  const TinyModel tiny = model_of(kRandom, 500, 16, false);
  const OpenModel f32(tiny.file()), exact(exact_file(tiny));
  OpenSession unpruned(f32, {1, 2}), pruned(exact, {1, 2});
  const auto scan_of = [](OpenSession* session) {
    pintle_scan_info info = PINTLE_SCAN_INFO_INIT;
    REQUIRE(pintle_session_get_scan(session->get(), &info) == PINTLE_OK);
    return info;
  };
  CHECK(scan_of(&pruned).is_pruned == 0);
  unpruned.recommend();
  CHECK(scan_of(&unpruned).is_pruned == 0);
  pruned.recommend();
  const pintle_scan_info first = scan_of(&pruned);
  CHECK(first.is_pruned == 1);
  CHECK(first.rows_scored_f32 >= 10);
  CHECK(first.bytes_read > first.rows_scored_f32 * 16 * sizeof(float));
  pruned.recommend();
  CHECK(scan_of(&pruned).bytes_read == first.bytes_read);  // not the sum of both
  // One item is scored, not scanned for.
  const uint32_t one = 7;
  pintle_request request = PINTLE_REQUEST_INIT;
  request.flags = PINTLE_ONLY_ALLOWED;
  request.allow = &one;
  request.allow_count = 1;
  pruned.recommend(request);
  CHECK(scan_of(&pruned).is_pruned == 0);
  CHECK(scan_of(&pruned).bytes_read == 0);
}

TEST_CASE("damaged fields are refused") {
  using X = fb::ExactScan;
  const TinyModel tiny = model_of(kRandom, 40, 12, false);
  const auto record = [](const fb::Model& m) { return m.exact()->fine()->size() / 40 / 2; };
  check_all(
      exact_file(tiny),
      {{"no rows", kAlways, PINTLE_ERR_CORRUPT, "exact.rows",
        [](ModelPatch& p, const fb::Model& m) { p.remove(m.exact(), X::VT_ROWS); }},
       {"no fine codes", kAlways, PINTLE_ERR_CORRUPT, "exact.fine",
        [](ModelPatch& p, const fb::Model& m) { p.remove(m.exact(), X::VT_FINE); }},
       {"fine codes cut short", kAlways, PINTLE_ERR_CORRUPT, "exact.fine",
        [](ModelPatch& p, const fb::Model& m) {
          const fb::Segment* s = m.exact()->fine();
          p.segment(s, s->offset(), s->size() - 2);
        }},
       {"coarse codes of another shape", kAlways, PINTLE_ERR_CORRUPT, "exact.coarse",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.exact()->coarse(), fb::Tensor::VT_COLS, 31u);
        }},
       {"rows of another type", kAlways, PINTLE_ERR_CORRUPT, "exact.rows",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.exact()->rows(), fb::Tensor::VT_DTYPE, uint8_t{fb::DType_F16});
        }},
       {"a negative step", kAlways, PINTLE_ERR_CORRUPT, "coarse_step",
        [](ModelPatch& p, const fb::Model& m) { p.set(m.exact(), X::VT_COARSE_STEP, -1.0f); }},
       {"a largest row that is none", kAlways, PINTLE_ERR_CORRUPT, "largest_row",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.exact(), X::VT_LARGEST_ROW, static_cast<float>(NAN));
        }},
       {"a negative weight", kVerifyAll, PINTLE_ERR_CORRUPT, "weight 3",
        [](ModelPatch& p, const fb::Model& m) {
          p.data(m.exact()->coarse_weights()->data(), 3, -1.0f);
        }},
       {"a row that is not finite", kVerifyAll, PINTLE_ERR_CORRUPT, "exact.rows",
        [](ModelPatch& p, const fb::Model& m) {
          p.data(m.exact()->rows()->data(), 30, static_cast<float>(INFINITY));
        }},
       {"a negative bound", kVerifyAll, PINTLE_ERR_CORRUPT, "item 2",
        [&](ModelPatch& p, const fb::Model& m) {
          p.data(m.exact()->fine(), record(m) * 3 - 1, uint16_t{0x8400});
        }},
       {"a scale that is NaN", kVerifyAll, PINTLE_ERR_CORRUPT, "item 2",
        [&](ModelPatch& p, const fb::Model& m) {
          p.data(m.exact()->fine(), record(m) * 3 - 2, uint16_t{0x7e00});
        }},
       {"damaged codes", kVerifyAll, PINTLE_ERR_CHECKSUM, "exact.fine",
        [](ModelPatch& p, const fb::Model& m) {
          p.data(m.exact()->fine(), 0, uint16_t{0x1111}, false);
        }}});
}

}  // namespace
}  // namespace pintle::test
