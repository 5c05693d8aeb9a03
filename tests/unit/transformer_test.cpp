// SPDX-License-Identifier: Apache-2.0
//
// The forward pass against the double-precision oracle, over every switch of the architecture, on
// every ISA.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "support/reference_forward.h"
#include "support/reference_steering.h"
#include "support/tiny_models.h"

namespace pintle::test {
namespace {

constexpr double kF32Bound = 1e-4;

// One event, fewer than the window, as many, and more.
std::vector<size_t> lengths(const converter::Network& network) {
  const size_t window = static_cast<size_t>(network.window);
  std::vector<size_t> result = {1, window / 2 + 1, window, window + 1, 2 * window + 3};
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

std::vector<double> expected_scores(const converter::Network& network,
                                    const std::vector<uint32_t>& history) {
  return converter::reference_scores(network, wide(history));
}

double difference(const std::vector<float>& a, const std::vector<float>& b) {
  return relative_difference(a, std::vector<double>(b.begin(), b.end()));
}

TEST_CASE("f32 scores equal the oracle's, for every architecture and length, on every ISA") {
  double worst = 0;
  const std::vector<std::string> isas = isas_under_test();
  for (uint32_t seed = 0; seed < 3 * kArchitectureCount; ++seed) {
    const TinyModel tiny = any_model(seed);
    CAPTURE(seed);
    CAPTURE(describe(tiny.network));
    const std::vector<uint8_t> file = tiny.file();
    const std::vector<size_t> history_lengths = lengths(tiny.network);
    std::vector<std::vector<double>> expected;
    for (const size_t length : history_lengths) {
      expected.push_back(
          expected_scores(tiny.network, random_history(length, tiny.network.items.rows, seed)));
    }
    for (const std::string& isa : isas) {
      CAPTURE(isa);
      const OpenModel model(file, isa);
      REQUIRE(model.info().isa == isa);
      OpenSession session(model);
      for (size_t i = 0; i < history_lengths.size(); ++i) {
        CAPTURE(history_lengths[i]);
        session.reset();
        session.append(random_history(history_lengths[i], tiny.network.items.rows, seed));
        const double error = relative_difference(session.all_scores(), expected[i]);
        CHECK(error < kF32Bound);
        worst = std::max(worst, error);
      }
    }
  }
  MESSAGE("f32: worst relative difference " << worst);
}

TEST_CASE(
    "appending one by one, in lumps and at once give the same; so do a reset and a new start") {
  for (uint32_t seed = 0; seed < kArchitectureCount; ++seed) {
    const TinyModel tiny = any_model(seed);
    CAPTURE(seed);
    CAPTURE(describe(tiny.network));
    const OpenModel model(tiny.file());
    const size_t length = static_cast<size_t>(tiny.network.window) + 4;
    const std::vector<uint32_t> history = random_history(length, tiny.network.items.rows, seed);
    OpenSession single(model), lumps(model);
    lumps.append(random_history(length, tiny.network.items.rows, seed + 1));
    lumps.all_scores();
    lumps.reset();
    for (size_t event = 0; event < length; ++event) {
      single.append({history[event]});
      const std::vector<uint32_t> so_far(history.begin(), history.begin() + event + 1);
      const std::vector<double> expected = expected_scores(tiny.network, so_far);
      CHECK(relative_difference(single.all_scores(), expected) < kF32Bound);
      if (event % 3 == 2) {
        lumps.append({so_far.end() - 3, so_far.end()});
        CHECK(relative_difference(lumps.all_scores(), expected) < kF32Bound);
      }
    }
  }
}

TEST_CASE("asking again changes nothing, bit for bit, and a session forgets at reset") {
  for (uint32_t seed = 0; seed < kArchitectureCount; seed += 5) {
    const TinyModel tiny = any_model(seed);
    CAPTURE(describe(tiny.network));
    const OpenModel model(tiny.file());
    const std::vector<uint32_t> history = random_history(5, tiny.network.items.rows, seed);
    OpenSession session(model, history);
    const std::vector<float> first = session.all_scores();
    CHECK(session.all_scores() == first);
    session.append({0, 1, 2});
    session.all_scores();
    session.reset();
    size_t count = 9;
    CHECK(pintle_session_event_count(session.get(), &count) == PINTLE_OK);
    CHECK(count == 0);
    session.append(history);
    CHECK(session.all_scores() == first);
  }
}

// What the integer kernels add to the rounding of the weights, which the oracle shares: operands of
// 14 bits, relative to their own maximum.
TEST_CASE("f16, int8 and int4 equal the oracle on the rounded weights") {
  struct Bound {
    fb::DType precision;
    double bound;
  };
  for (const auto& [precision, bound] :
       {Bound{fb::DType_F16, kF32Bound}, {fb::DType_I8, 2e-3}, {fb::DType_I4, 2e-3}}) {
    double worst = 0;
    for (uint32_t seed = 0; seed < 2 * kArchitectureCount; ++seed) {
      const TinyModel tiny = any_model(seed);
      CAPTURE(seed);
      CAPTURE(describe(tiny.network));
      const converter::Network network = rounded(tiny.network, precision);
      const std::vector<uint8_t> file = tiny.file(precision);
      for (const size_t length : {size_t{2}, static_cast<size_t>(network.window) + 1}) {
        const std::vector<uint32_t> history = random_history(length, network.items.rows, seed);
        const std::vector<double> expected = expected_scores(network, history);
        for (const std::string& isa : isas_under_test()) {
          CAPTURE(isa);
          const OpenModel model(file, isa);
          const double error =
              relative_difference(OpenSession(model, history).all_scores(), expected);
          CHECK(error < bound);
          worst = std::max(worst, error);
        }
      }
    }
    MESSAGE(std::string(fb::EnumNameDType(precision)) << ": worst relative difference " << worst);
  }
}

TEST_CASE("the states at every hook equal the oracle's") {
  using converter::HookPlace;
  for (uint32_t seed = 0; seed < kArchitectureCount; seed += 3) {
    const TinyModel tiny = any_model(seed);
    CAPTURE(describe(tiny.network));
    const OpenModel model(tiny.file());
    for (const size_t length : lengths(tiny.network)) {
      const std::vector<uint32_t> history = random_history(length, tiny.network.items.rows, seed);
      OpenSession session(model, history);
      const auto check = [&](const std::string& name, converter::Hook hook) {
        CAPTURE(name);
        CHECK(relative_difference(session.state(name.c_str()),
                                  reference_hook_state(tiny, history, hook)) < kF32Bound);
      };
      for (size_t layer = 0; layer < tiny.network.blocks.size(); ++layer) {
        check("block:" + std::to_string(layer), {HookPlace::kBlock, static_cast<int64_t>(layer)});
        check("mlp:" + std::to_string(layer), {HookPlace::kMlp, static_cast<int64_t>(layer)});
      }
      check("last", {HookPlace::kLast, 0});
    }
  }
}

TEST_CASE("only causal models without visible pads that count from the oldest are incremental") {
  for (uint32_t seed = 0; seed < kArchitectureCount; ++seed) {
    const TinyModel tiny = any_model(seed);
    const converter::Network& n = tiny.network;
    const bool expected = n.mask == fb::AttentionMask_Causal && n.pad_keys == fb::PadKeys_Hidden &&
                          n.position_origin != fb::PositionOrigin_Newest;
    CHECK((OpenModel(tiny.file()).info().is_incremental == 1) == expected);
  }
}

TEST_CASE("ISAs agree with each other") {
  const std::vector<std::string> isas = isas_under_test();
  for (uint32_t seed = 0; seed < kArchitectureCount; seed += 7) {
    const TinyModel tiny = any_model(seed);
    const std::vector<uint32_t> history = random_history(9, tiny.network.items.rows, seed);
    for (const fb::DType precision : fb::EnumValuesDType()) {
      const std::vector<uint8_t> file = tiny.file(precision);
      const OpenModel slowest(file, isas.front());
      const std::vector<float> expected = OpenSession(slowest, history).all_scores();
      for (const std::string& isa : isas) {
        CAPTURE(isa);
        const OpenModel model(file, isa);
        // Integer sums are exact, but an operand's last bit may round the other way.
        const double bound = precision == fb::DType_F32 || precision == fb::DType_F16 ? 1e-5 : 2e-3;
        CHECK(difference(OpenSession(model, history).all_scores(), expected) < bound);
      }
    }
  }
}

}  // namespace
}  // namespace pintle::test
