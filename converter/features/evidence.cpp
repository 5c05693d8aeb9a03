// SPDX-License-Identifier: Apache-2.0
#include "converter/features/evidence.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_set>

#include "converter/run/list_tally.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

// Pearson's correlation of a value with a 0/1 indicator, from sums over n positions.
double indicator_correlation(double n, double sum, double square_sum, double with_sum,
                             double with_count) {
  const double covariance = n * with_sum - sum * with_count;
  const double variance = n * square_sum - sum * sum;
  const double indicator_variance = with_count * (n - with_count);
  if (!(variance > 1e-12 * n * square_sum) || !(indicator_variance > 0)) return 0;
  return covariance / std::sqrt(variance * indicator_variance);
}

double ratio(double a, double b) { return b > 0 ? a / b : 0; }

// Sums of one feature over the positions where each attribute holds.
struct WithAttribute {
  double value = 0, rank = 0;
  size_t fired = 0;
};

}  // namespace

AttributeIndex index_attributes(const Model& model, size_t min_items) {
  const pintle_model_info info = model.info();
  std::vector<size_t> items(info.attribute_count, 0);
  const auto each_attribute = [&](const auto& visit) {
    for (uint32_t i = 0; i < info.item_count; ++i) {
      const pintle_item_info item = require(model.item(i), "item", i);
      for (uint32_t a = 0; a < item.attribute_count; ++a) visit(i, item.attributes[a]);
    }
  };
  each_attribute([&](uint32_t, uint32_t attribute) { ++items[attribute]; });
  AttributeIndex index;
  std::vector<int64_t> number(info.attribute_count, -1);
  for (uint32_t a = 0; a < info.attribute_count; ++a) {
    // Soft attributes are no labels: an item has them in part.
    if (items[a] == 0 || items[a] < min_items || is_soft(model, a)) continue;
    number[a] = static_cast<int64_t>(index.attributes.size());
    index.attributes.push_back(a);
    index.item_count.push_back(items[a]);
  }
  index.of_item.resize(info.item_count);
  each_attribute([&](uint32_t item, uint32_t attribute) {
    if (number[attribute] < 0) return;
    index.of_item[item].push_back(static_cast<uint32_t>(number[attribute]));
  });
  return index;
}

std::vector<size_t> count_positions(const AttributeIndex& attributes,
                                    const std::vector<uint32_t>& item) {
  std::vector<size_t> counts(attributes.attributes.size(), 0);
  for (const uint32_t i : item) {
    for (const uint32_t a : attributes.of_item[i]) ++counts[a];
  }
  return counts;
}

std::vector<AttributeMeasure> measure_attributes(const std::vector<Firing>& fired,
                                                 const std::vector<uint32_t>& item,
                                                 const AttributeIndex& attributes,
                                                 const std::vector<size_t>& attribute_positions) {
  const double n = static_cast<double>(item.size());
  std::vector<WithAttribute> with(attributes.attributes.size());
  std::vector<Firing> order = fired;
  std::sort(order.begin(), order.end(),
            [](const Firing& a, const Firing& b) { return a.value < b.value; });
  const size_t off = item.size() - fired.size();
  double sum = 0, square_sum = 0;
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    while (end < order.size() && order[end].value == order[begin].value) ++end;
    // Ranks count from 1, the positions where the feature is off first; equal values share theirs.
    const double rank = static_cast<double>(off) + static_cast<double>(begin + end + 1) / 2;
    const double value = static_cast<double>(order[begin].value);
    for (; begin < end; ++begin) {
      sum += value;
      square_sum += value * value;
      for (const uint32_t a : attributes.of_item[item[order[begin].position]]) {
        with[a].value += value;
        with[a].rank += rank;
        ++with[a].fired;
      }
    }
  }
  std::vector<AttributeMeasure> measures(with.size());
  for (size_t a = 0; a < with.size(); ++a) {
    AttributeMeasure& measure = measures[a];
    measure.attribute = a;
    const double having = static_cast<double>(attribute_positions[a]);
    const double on = static_cast<double>(with[a].fired);
    measure.correlation = indicator_correlation(n, sum, square_sum, with[a].value, having);
    if (having > 0 && having < n) {
      const double off_rank = (static_cast<double>(off) + 1) / 2;
      const double ranks = with[a].rank + (having - on) * off_rank;
      measure.auc = (ranks - having * (having + 1) / 2) / (having * (n - having));
    }
    measure.sensitivity = ratio(on, having);
    measure.precision = ratio(on, static_cast<double>(fired.size()));
    measure.mean_with = ratio(with[a].value, having);
    measure.mean_without = ratio(sum - with[a].value, n - having);
  }
  return measures;
}

AttributeCorrelations::AttributeCorrelations(size_t dim, const AttributeIndex& attributes)
    : attributes_(attributes),
      with_count_(attributes.attributes.size(), 0),
      sum_(dim, 0),
      square_sum_(dim, 0),
      with_sum_(attributes.attributes.size() * dim, 0) {}

void AttributeCorrelations::add(uint32_t item, const float* values) {
  const size_t dim = sum_.size();
  ++count_;
  for (size_t d = 0; d < dim; ++d) {
    const double value = static_cast<double>(values[d]);
    sum_[d] += value;
    square_sum_[d] += value * value;
  }
  for (const uint32_t a : attributes_.of_item[item]) {
    ++with_count_[a];
    for (size_t d = 0; d < dim; ++d) with_sum_[a * dim + d] += static_cast<double>(values[d]);
  }
}

void AttributeCorrelations::add(uint32_t item, const SparseFeatures& values) {
  const size_t dim = sum_.size();
  ++count_;
  for (size_t i = 0; i < values.index.size(); ++i) {
    const double value = static_cast<double>(values.value[i]);
    sum_[values.index[i]] += value;
    square_sum_[values.index[i]] += value * value;
  }
  for (const uint32_t a : attributes_.of_item[item]) {
    ++with_count_[a];
    for (size_t i = 0; i < values.index.size(); ++i) {
      with_sum_[a * dim + values.index[i]] += static_cast<double>(values.value[i]);
    }
  }
}

double AttributeCorrelations::correlation(size_t dimension, size_t attribute) const {
  return indicator_correlation(static_cast<double>(count_), sum_[dimension], square_sum_[dimension],
                               with_sum_[attribute * sum_.size() + dimension],
                               static_cast<double>(with_count_[attribute]));
}

float quantile(const std::vector<float>& ascending, double q) {
  const double place = q * static_cast<double>(ascending.size() - 1);
  const size_t below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, ascending.size() - 1);
  const double part = place - static_cast<double>(below);
  return static_cast<float>(static_cast<double>(ascending[below]) * (1 - part) +
                            static_cast<double>(ascending[above]) * part);
}

FeatureStatistics feature_statistics(const std::vector<Firing>& fired, size_t positions) {
  FeatureStatistics statistics;
  if (fired.empty()) return statistics;
  std::vector<float> values;
  values.reserve(fired.size());
  for (const Firing& firing : fired) values.push_back(firing.value);
  std::sort(values.begin(), values.end());
  statistics.density =
      static_cast<float>(static_cast<double>(fired.size()) / static_cast<double>(positions));
  statistics.p50 = quantile(values, 0.5);
  statistics.p95 = quantile(values, 0.95);
  statistics.p99 = quantile(values, 0.99);
  statistics.max = values.back();
  return statistics;
}

double cohens_d(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() < 2 || b.size() < 2) return 0;
  const auto mean_of = [](const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  };
  const auto squares_about = [](const std::vector<double>& values, double mean) {
    double sum = 0;
    for (const double value : values) sum += (value - mean) * (value - mean);
    return sum;
  };
  const double mean_a = mean_of(a), mean_b = mean_of(b);
  const double pooled = (squares_about(a, mean_a) + squares_about(b, mean_b)) /
                        static_cast<double>(a.size() + b.size() - 2);
  return pooled > 0 ? (mean_a - mean_b) / std::sqrt(pooled) : 0;
}

PopularityGroups popularity_groups(const FeatureActivations& activations,
                                   const std::vector<float>& popularity) {
  PopularityGroups groups;
  std::vector<double> sum;
  for (size_t p = 0; p < activations.positions(); ++p) {
    const size_t user = activations.user[p];
    if (user >= sum.size()) {
      sum.resize(user + 1, 0);
      groups.positions.resize(user + 1, 0);
    }
    sum[user] += static_cast<double>(popularity[activations.item[p]]);
    ++groups.positions[user];
  }
  std::vector<size_t> order;
  for (size_t u = 0; u < sum.size(); ++u) {
    if (groups.positions[u] == 0) continue;
    sum[u] /= static_cast<double>(groups.positions[u]);
    order.push_back(u);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return sum[a] < sum[b]; });
  groups.group.assign(sum.size(), 0);
  const size_t fifth = order.size() / 5;
  for (size_t i = 0; i < fifth; ++i) {
    groups.group[order[i]] = -1;
    groups.group[order[order.size() - 1 - i]] = 1;
  }
  return groups;
}

double popularity_d(const std::vector<Firing>& fired, const FeatureActivations& activations,
                    const PopularityGroups& groups) {
  std::vector<double> mean(groups.group.size(), 0);
  for (const Firing& firing : fired) {
    mean[activations.user[firing.position]] += static_cast<double>(firing.value);
  }
  std::vector<double> popular, unpopular;
  for (size_t u = 0; u < mean.size(); ++u) {
    if (groups.group[u] == 0) continue;
    (groups.group[u] > 0 ? popular : unpopular)
        .push_back(mean[u] / static_cast<double>(groups.positions[u]));
  }
  return cohens_d(popular, unpopular);
}

std::vector<ItemMean> strongest_items(const std::vector<Firing>& fired,
                                      const std::vector<uint32_t>& item,
                                      const std::vector<size_t>& support, size_t min_support,
                                      size_t count) {
  std::vector<double> sum(support.size(), 0);
  std::vector<uint32_t> seen;
  for (const Firing& firing : fired) {
    const uint32_t i = item[firing.position];
    if (support[i] < min_support) continue;
    if (sum[i] == 0) seen.push_back(i);
    sum[i] += static_cast<double>(firing.value);
  }
  std::vector<ItemMean> items;
  for (const uint32_t i : seen) {
    items.push_back({i, sum[i] / static_cast<double>(support[i]), support[i]});
  }
  std::sort(items.begin(), items.end(), [](const ItemMean& a, const ItemMean& b) {
    return a.mean != b.mean ? a.mean > b.mean : a.item < b.item;
  });
  if (items.size() > count) items.resize(count);
  return items;
}

std::vector<Firing> strongest_positions(const std::vector<Firing>& fired,
                                        const std::vector<uint32_t>& user, size_t count) {
  std::vector<Firing> order = fired;
  std::sort(order.begin(), order.end(), [](const Firing& a, const Firing& b) {
    return a.value != b.value ? a.value > b.value : a.position < b.position;
  });
  std::vector<Firing> strongest;
  std::unordered_set<uint32_t> users;
  for (const Firing& firing : order) {
    if (strongest.size() == count) break;
    if (users.insert(user[firing.position]).second) strongest.push_back(firing);
  }
  return strongest;
}

}  // namespace pintle::converter
