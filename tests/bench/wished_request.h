// SPDX-License-Identifier: Apache-2.0
//
// The top 10 of genre_model.h under wishes and rules, from none to many.
#ifndef PINTLE_TESTS_BENCH_WISHED_REQUEST_H_
#define PINTLE_TESTS_BENCH_WISHED_REQUEST_H_

#include "pintle/pintle.h"

namespace pintle::bench {

class WishedRequest {
 public:
  static constexpr uint32_t kMix = 4;

  // wishes: 0 to 3 of them; kMix: shares of three genres, at most two of a series, and diversity.
  explicit WishedRequest(uint32_t wishes) {
    request_.k = 10;
    if (wishes == 0) return;
    asked_.wishes = wishes == kMix ? &kDiverse : kWishes;
    asked_.wish_count = wishes == kMix ? 1 : wishes;
    asked_.rules = kRules;
    asked_.rule_count = wishes == kMix ? 4 : 0;
    request_.wishes = &asked_;
  }
  WishedRequest(const WishedRequest&) = delete;
  const pintle_request& get() const { return request_; }

 private:
  // Genres by their numbers in genre_model.cpp.
  static constexpr uint32_t kComedy = 4, kDrama = 7, kHorror = 10, kSciFi = 14;
  static constexpr pintle_wish kWishes[3] = {{PINTLE_WISH_ATTRIBUTE, kSciFi, 2},
                                             {PINTLE_WISH_ATTRIBUTE, kDrama, -1},
                                             {PINTLE_WISH_ATTRIBUTE, kHorror, 1}};
  static constexpr pintle_wish kDiverse = {PINTLE_WISH_DIVERSE, 0, 0.3f};
  static constexpr pintle_rule kRules[4] = {{PINTLE_RULE_EXACTLY, kSciFi, 0, 0.3f},
                                            {PINTLE_RULE_EXACTLY, kComedy, 0, 0.2f},
                                            {PINTLE_RULE_EXACTLY, kDrama, 0, 0.3f},
                                            {PINTLE_RULE_CAP_EACH, 1, 2, 0}};

  pintle_wishes asked_ = PINTLE_WISHES_INIT;
  pintle_request request_ = PINTLE_REQUEST_INIT;
};

}  // namespace pintle::bench

#endif  // PINTLE_TESTS_BENCH_WISHED_REQUEST_H_
