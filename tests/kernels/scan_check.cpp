// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "check.h"

namespace pintle::check {
namespace {

constexpr size_t kPanelCounts[] = {1, 2, 3, 4, 5, 9, 24};
constexpr Domain kScales = {1e-4, 3, 0.01};
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

uint16_t mask_of(const float* scores, float threshold) {
  uint32_t mask = 0;
  for (uint32_t r = 0; r < 16; ++r) {
    const bool is_above = scores[r] > threshold || std::isnan(scores[r]) || std::isnan(threshold);
    mask |= is_above ? 1u << r : 0;
  }
  return static_cast<uint16_t>(mask);
}

// Thresholds that let all, none, some, and all but the largest pass.
std::vector<float> thresholds_of(const std::vector<float>& scores) {
  std::vector<float> sorted = scores;
  sorted.erase(std::remove_if(sorted.begin(), sorted.end(), [](float s) { return std::isnan(s); }),
               sorted.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<float> thresholds = {kNan, -kInfinity, kInfinity, 0};
  if (sorted.empty()) return thresholds;
  thresholds.push_back(sorted[sorted.size() / 2]);
  thresholds.push_back(sorted[sorted.size() - 1 - sorted.size() / 16]);
  thresholds.push_back(sorted.back());
  return thresholds;
}

// Runs the scan to its end, in as many calls as it takes, and compares every hit with `expected`,
// the scores of all panels. scan(first, count, threshold, hits) scans `count` panels from `first`.
template <typename Scan>
void expect_hits(Context& context, const std::vector<float>& expected, size_t cols,
                 const char* what, const Scan& scan) {
  const size_t panel_count = expected.size() / 16;
  for (const float threshold : thresholds_of(expected)) {
    size_t panel = 0;
    while (panel < panel_count) {
      const Buffer<ScanHits> hits(1);
      const size_t read = scan(panel, panel_count - panel, threshold, hits.data());
      size_t next = panel;
      uint32_t count = 0;
      for (; next < panel_count && count < kScanHits; ++next) {
        const float* scores = &expected[next * 16];
        const uint16_t mask = mask_of(scores, threshold);
        if (mask == 0) continue;
        const ScanHits& found = hits[0];
        context.expect(found.panels[count] == next - panel && found.masks[count] == mask,
                       "cols %zu %s threshold %g: hit %u is panel %u mask %x, not %zu %x", cols,
                       what, static_cast<double>(threshold), count, found.panels[count],
                       found.masks[count], next - panel, mask);
        for (size_t r = 0; r < 16; ++r) {
          context.expect(same_bits(found.scores[count][r], scores[r]),
                         "cols %zu %s panel %zu row %zu: %.9g, not %.9g", cols, what, next, r,
                         static_cast<double>(found.scores[count][r]),
                         static_cast<double>(scores[r]));
        }
        ++count;
      }
      context.expect(hits[0].count == count && read == next - panel,
                     "cols %zu %s threshold %g: %u hits in %zu panels, not %u in %zu", cols, what,
                     static_cast<double>(threshold), hits[0].count, read, count, next - panel);
      context.expect(hits.are_canaries_intact(), "wrote outside hits");
      if (read == 0) return;  // counted above; not for ever
      panel = next;
    }
  }
}

void add(const Buffer<float>& bias, std::vector<float>* scores) {
  for (size_t r = 0; r < scores->size(); ++r) {
    volatile float sum = (*scores)[r] + bias[r];  // rounded by itself
    (*scores)[r] = sum;
  }
}

// What both scans need beside the weights.
struct Inputs {
  Inputs(Context& context, Fill x_fill, size_t cols, size_t padded, size_t panel_count,
         int32_t limit)
      : x(padded, panel_count % 2 != 0 ? Place::kAtGuard : Place::kMisaligned),
        bias(panel_count * 16, Place::kMisaligned),
        x_scale(static_cast<float>(context.random.uniform(1e-5, 1e-2))) {
    std::vector<int32_t> values(cols);
    const double max = limit;
    fill_integers(context.random, x_fill, {-max, max, max / 4}, values.data(), cols);
    for (size_t k = 0; k < padded; ++k) {
      x[k] = k < cols ? static_cast<int16_t>(values[k]) : int16_t{0};
    }
    x.make_read_only();
    fill_floats(context.random, Fill::kUniform, {-100, 100, 10}, bias);
    bias.make_read_only();
  }
  Buffer<int16_t> x;
  Buffer<float> bias;
  float x_scale;
};

void check_s8_case(Context& context, size_t cols, size_t panel_count, Fill w_fill, Fill x_fill) {
  const size_t rows = panel_count * 16, padded = round_up(cols, 4);
  std::vector<int32_t> w(rows * cols);
  fill_integers(context.random, w_fill, {-127, 127, 40}, w.data(), w.size());
  Buffer<int8_t> panels(rows * padded);
  pack_s8_panels(w, panel_count, cols, panels.data());
  panels.make_read_only();
  Buffer<float> scales(rows);
  fill_floats(context.random, Fill::kUniform, kScales, scales);
  if (w_fill == Fill::kUniform) scales[rows / 2] = kNan;  // a file may hold one
  scales.make_read_only();
  const Inputs inputs(context, x_fill, cols, padded, panel_count, activation_limit(padded));
  for (const bool has_bias : {false, true}) {
    std::vector<float> expected(rows);
    context.scalar.matvec_s8(panels.data(), scales.data(), panel_count, padded, inputs.x.data(),
                             inputs.x_scale, expected.data());
    if (has_bias) add(inputs.bias, &expected);
    expect_hits(context, expected, cols, fill_name(w_fill),
                [&](size_t first, size_t count, float threshold, ScanHits* hits) {
                  return context.kernels.scan_s8(
                      panels.data() + first * padded * 16, scales.data() + first * 16,
                      has_bias ? inputs.bias.data() + first * 16 : nullptr, count, padded,
                      inputs.x.data(), inputs.x_scale, threshold, hits);
                });
  }
}

void check_s4_case(Context& context, size_t cols, size_t panel_count, Fill w_fill, Fill x_fill) {
  const size_t rows = panel_count * 16, padded = round_up(cols, 32), groups = padded / 32;
  std::vector<int32_t> w(rows * cols);
  fill_integers(context.random, w_fill, {-8, 7, 3}, w.data(), w.size());
  Buffer<uint8_t> panels(rows * padded / 2);
  pack_s4_panels(w, panel_count, cols, panels.data());
  panels.make_read_only();
  Buffer<uint16_t> scales(rows * groups);
  for (size_t i = 0; i < scales.size(); ++i) {
    scales[i] = half_from(context.random.uniform(-0.5, 0.5));
  }
  scales.make_read_only();
  const Inputs inputs(context, x_fill, cols, padded, panel_count, 8191);
  for (const bool has_bias : {false, true}) {
    std::vector<float> expected(rows);
    context.scalar.matvec_s4(panels.data(), scales.data(), panel_count, padded, inputs.x.data(),
                             inputs.x_scale, expected.data());
    if (has_bias) add(inputs.bias, &expected);
    expect_hits(context, expected, cols, fill_name(w_fill),
                [&](size_t first, size_t count, float threshold, ScanHits* hits) {
                  return context.kernels.scan_s4(
                      panels.data() + first * padded * 8, scales.data() + first * groups * 16,
                      has_bias ? inputs.bias.data() + first * 16 : nullptr, count, padded,
                      inputs.x.data(), inputs.x_scale, threshold, hits);
                });
  }
}

template <typename Case>
void check_cases(const Case& check_case) {
  for (const size_t cols : {1, 4, 7, 12, 32, 50, 64, 100, 128, 256}) {
    for (const size_t panel_count : kPanelCounts) {
      check_case(cols, panel_count, Fill::kRealistic, Fill::kRealistic);
    }
    for (const Fill fill : kFills) check_case(cols, 5, fill, Fill::kRealistic);
    for (const Fill fill : kFills) check_case(cols, 3, Fill::kUniform, fill);
    check_case(cols, 2, Fill::kMin, Fill::kMin);
    check_case(cols, 2, Fill::kMax, Fill::kMax);
  }
  for (const size_t cols : {1024, 1028, 2100}) {  // past what one pass splits of x
    check_case(cols, 6, Fill::kRealistic, Fill::kRealistic);
  }
}

// The scan's bytes as operations: the rate is then a bandwidth. No score passes the threshold.
template <typename Weight, typename Scale, typename Scan>
void bench_scans(Context& context, double weight_bytes, size_t scales_per_row, const Scan& scan) {
  if (!context.is_bench) return;
  for (const size_t rows : {size_t{3456}, size_t{100000}, size_t{1000000}}) {
    for (const size_t cols : {size_t{64}, size_t{128}}) {
      const size_t weights = static_cast<size_t>(static_cast<double>(rows * cols) * weight_bytes);
      const size_t scale_count = rows * scales_per_row * (scales_per_row == 1 ? 1 : cols / 64);
      const Buffer<Weight> panels(weights, Place::kAligned);
      const Buffer<Scale> scales(scale_count, Place::kAligned);
      std::memset(panels.data(), 0x35, weights);
      std::memset(scales.data(), 0x22, scale_count * sizeof(Scale));
      const std::vector<int16_t> x(cols, 1000);
      ScanHits hits;
      const std::string label = std::to_string(rows) + " x " + std::to_string(cols);
      context.bench(label.c_str(),
                    static_cast<double>(weights) + static_cast<double>(scale_count * sizeof(Scale)),
                    [&] { scan(panels.data(), scales.data(), rows / 16, cols, x.data(), &hits); });
    }
  }
}

}  // namespace

void check_scan_s8(Context& context) {
  check_cases([&](size_t cols, size_t panel_count, Fill w_fill, Fill x_fill) {
    check_s8_case(context, cols, panel_count, w_fill, x_fill);
  });
  bench_scans<int8_t, float>(context, 1, 1,
                             [&](const int8_t* w, const float* scales, size_t panels, size_t cols,
                                 const int16_t* x, ScanHits* hits) {
                               context.kernels.scan_s8(w, scales, nullptr, panels, cols, x, 1e-3f,
                                                       kInfinity, hits);
                             });
}

void check_scan_s4(Context& context) {
  check_cases([&](size_t cols, size_t panel_count, Fill w_fill, Fill x_fill) {
    check_s4_case(context, cols, panel_count, w_fill, x_fill);
  });
  bench_scans<uint8_t, uint16_t>(context, 0.5, 2,
                                 [&](const uint8_t* w, const uint16_t* scales, size_t panels,
                                     size_t cols, const int16_t* x, ScanHits* hits) {
                                   context.kernels.scan_s4(w, scales, nullptr, panels, cols, x,
                                                           1e-3f, kInfinity, hits);
                                 });
}

void check_above_f32(Context& context) {
  for (const size_t panel_count : {1, 2, 5, 64}) {
    for (const Fill fill : kFills) {
      for (const bool has_bias : {false, true}) {
        const size_t rows = panel_count * 16;
        std::vector<float> values(rows);
        fill_floats(context.random, fill, {-40, 40, 6}, values.data(), rows);
        values[rows / 2] = kNan;
        values[rows / 3] = -kInfinity;
        Buffer<float> bias(rows, Place::kMisaligned);
        fill_floats(context.random, Fill::kUniform, {-3, 3, 1}, bias);
        bias.make_read_only();
        std::vector<float> expected = values;
        if (has_bias) add(bias, &expected);
        for (const float threshold : thresholds_of(expected)) {
          const Buffer<float> scores(rows, Place::kMisaligned);
          std::memcpy(scores.data(), values.data(), rows * sizeof(float));
          const Buffer<uint16_t> masks(panel_count);
          context.kernels.above_f32(scores.data(), has_bias ? bias.data() : nullptr, panel_count,
                                    threshold, masks.data());
          for (size_t p = 0; p < panel_count; ++p) {
            const uint16_t mask = mask_of(&expected[p * 16], threshold);
            context.expect(masks[p] == mask, "threshold %g panel %zu: %x, not %x",
                           static_cast<double>(threshold), p, masks[p], mask);
          }
          for (size_t r = 0; r < rows; ++r) {
            context.expect(same_bits(scores[r], expected[r]) || std::isnan(expected[r]),
                           "row %zu: %.9g, not %.9g", r, static_cast<double>(scores[r]),
                           static_cast<double>(expected[r]));
          }
          context.expect(scores.are_canaries_intact() && masks.are_canaries_intact(),
                         "wrote outside its outputs");
        }
      }
    }
  }
  std::vector<float> scores(1024);
  std::vector<uint16_t> masks(64);
  context.bench("1024 scores", 1024,
                [&] { context.kernels.above_f32(scores.data(), nullptr, 64, 1, masks.data()); });
}

void check_exp_sum_f32(Context& context) {
  for (const size_t count : {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 64, 100, 1024}) {
    for (const Fill fill : kFills) {
      for (const float factor : {0.01f, 0.3f, 1.0f, 12.5f}) {
        const Place place = count % 2 != 0 ? Place::kAtGuard : Place::kMisaligned;
        Buffer<float> x(count, place);
        fill_floats(context.random, fill, {-40, 40, 6}, x);
        if (count > 8) {  // left out, as untrained items are
          x[count / 2] = -kInfinity;
          x[count - 1] = kNan;
        }
        x.make_read_only();
        const Buffer<float> largest(1);
        float max = -kInfinity;
        const float sum = context.kernels.exp_sum_f32(x.data(), count, factor, largest.data());
        double magnitude = 0, exact = 0;
        for (size_t i = 0; i < count; ++i) {
          const float exponent = factor * x[i];
          if (!(x[i] > -kInfinity)) continue;
          max = std::fmax(max, exponent);
          magnitude = std::fmax(magnitude, std::fabs(static_cast<double>(exponent)));
        }
        for (size_t i = 0; i < count; ++i) {
          if (!(x[i] > -kInfinity)) continue;
          exact += std::exp(static_cast<double>(factor) * static_cast<double>(x[i]) -
                            static_cast<double>(max));
        }
        const double bound =
            (2e-6 + static_cast<double>(count) * 0x1p-26 + magnitude * 0x1p-23) * exact;
        context.expect(
            same_bits(largest[0], max) && std::fabs(static_cast<double>(sum) - exact) <= bound,
            "count %zu %s factor %g: %.9g above %.9g, not %.9g above %.9g", count, fill_name(fill),
            static_cast<double>(factor), static_cast<double>(sum), static_cast<double>(largest[0]),
            exact, static_cast<double>(max));
      }
    }
  }
  for (const float nothing : {-kInfinity, kNan}) {
    const std::vector<float> x(19, nothing);
    const Buffer<float> largest(1);
    const float sum = context.kernels.exp_sum_f32(x.data(), x.size(), 1, largest.data());
    context.expect(sum == 0 && largest[0] == -kInfinity, "of nothing: %g above %g",
                   static_cast<double>(sum), static_cast<double>(largest[0]));
  }
  const std::vector<float> x(1024, 0.5f);
  float largest;
  context.bench("1024 scores", 1024,
                [&] { (void)context.kernels.exp_sum_f32(x.data(), x.size(), 2, &largest); });
}

}  // namespace pintle::check
