// SPDX-License-Identifier: Apache-2.0
#include "converter/commands/sweep_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "converter/commands/log_options.h"
#include "converter/run/runtime_model.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

using Json = nlohmann::ordered_json;

// The aims by their names in JSON, and in words.
struct AimName {
  SweepAim aim;
  const char *key, *words;
};
constexpr AimName kAimNames[] = {{SweepAim::kDoubled, "summary", "doubled (from .25 on .15 more)"},
                                 {SweepAim::kToHalf, "to_half", "raised to half of the list"},
                                 {SweepAim::kHalved, "halved", "halved"}};

Json shares_json(const Model& model, const std::vector<double>& shares) {
  Json groups = Json::object();
  for (uint32_t i = 0; i < shares.size(); ++i) {
    const auto [group, name] = attribute_name(model, i);
    groups[group][name] = shares[i];
  }
  return groups;
}

Json lists_json(const SweptSubject& subject, const ListMeasure& measure) {
  Json json;
  if (subject.attribute) json["share"] = measure.shares[*subject.attribute];
  json["ndcg@10"] = measure.ndcg;
  json["hr@10"] = measure.hit_rate;
  json["coverage@10"] = measure.coverage;
  json["overlap"] = measure.overlap;
  json["shares"] = shares_json(subject.model, measure.shares);
  return json;
}

Json summary_json(const SweptSubject& subject, const Sweep& sweep, SweepAim aim) {
  if (!subject.attribute) return nullptr;
  const auto summary = summarize_sweep(sweep, *subject.attribute, aim);
  if (!summary) return nullptr;
  return {{"start_share", summary->start_share},
          {"target_share", summary->target_share},
          {"strength", summary->strength},
          {"ndcg_loss_percent", 100 * summary->ndcg_loss},
          {"ndcg_loss_interval", {100 * summary->loss.low, 100 * summary->loss.high}},
          {"unchanged_percent", 100 * summary->unchanged},
          {aim == SweepAim::kHalved ? "no_item_less_percent" : "no_item_more_percent",
           100 * summary->unmoved},
          {"share_changes", shares_json(subject.model, summary->change)}};
}

// REQUIRES: there is one.
pintle_knob_info knob_info(const SweptSubject& subject) {
  return require(subject.model.knob(*subject.knob), "knob", *subject.knob);
}

bool is_in_range(const SweptSubject& subject, float strength) {
  const pintle_knob_info info = knob_info(subject);
  return strength >= info.min_strength && strength <= info.max_strength;
}

// The attributes but `own` whose numbers are largest in magnitude, at most `most`.
std::vector<uint32_t> largest(const std::vector<double>& values, std::optional<uint32_t> own,
                              size_t most) {
  std::vector<uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0u);
  if (own) order.erase(order.begin() + *own);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return std::fabs(values[a]) > std::fabs(values[b]);
  });
  if (order.size() > most) order.resize(most);
  return order;
}

void print_row(const SweptSubject& subject, const std::string& name, const ListMeasure& measure,
               const char* remark) {
  char share[16] = "";
  if (subject.attribute) {
    std::snprintf(share, sizeof(share), "%.4f", measure.shares[*subject.attribute]);
  }
  std::printf("%9s %7s %8.4f %7.4f %11.4f %8.4f%s\n", name.c_str(), share, measure.ndcg,
              measure.hit_rate, measure.coverage, measure.overlap, remark);
}

// Other attributes between the first and the last strength.
void print_movements(const SweptSubject& subject, const Sweep& sweep) {
  if (sweep.points.size() < 2) return;
  const SweepPoint &first = sweep.points.front(), &last = sweep.points.back();
  std::vector<double> change(sweep.base.shares.size());
  for (size_t a = 0; a < change.size(); ++a) {
    change[a] = last.measure.shares[a] - first.measure.shares[a];
  }
  const std::vector<uint32_t> order = largest(change, subject.attribute, 8);
  if (order.empty()) return;
  std::printf("\nother attributes' shares, strength %s -> %s\n",
              short_number(first.strength).c_str(), short_number(last.strength).c_str());
  for (uint32_t a : order) {
    std::printf("  %-28s %.3f -> %.3f\n", attribute_text(subject.model, a).c_str(),
                first.measure.shares[a], last.measure.shares[a]);
  }
}

void print_summary(const SweptSubject& subject, const Sweep& sweep, const AimName& aim) {
  const auto summary = summarize_sweep(sweep, *subject.attribute, aim.aim);
  if (!summary) {
    std::printf("\nshare %s: no strength here reaches %.3f from %.3f\n", aim.words,
                aimed_share(aim.aim, sweep.base.shares[*subject.attribute]),
                sweep.base.shares[*subject.attribute]);
    return;
  }
  std::printf(
      "\nshare %s, %.3f -> %.3f at strength %.3f: ndcg@10 loses %.2f %% (95 %%: %.2f to %.2f); "
      "%.1f %% of the lists do not change, %.1f %% of the people %s\n",
      aim.words, summary->start_share, summary->target_share, summary->strength,
      100 * summary->ndcg_loss, 100 * summary->loss.low, 100 * summary->loss.high,
      100 * summary->unchanged, 100 * summary->unmoved,
      aim.aim == SweepAim::kHalved ? "who have some lose no item" : "get no item more");
  for (uint32_t a : largest(summary->change, subject.attribute, 5)) {
    std::printf("  %-28s %+.3f\n", attribute_text(subject.model, a).c_str(), summary->change[a]);
  }
}

}  // namespace

void print_sweep_json(const SweptSubject& subject, const SweepMethod& method, const Sweep& sweep) {
  Json json{{"method", method.name}};
  if (subject.knob) {
    const pintle_knob_info info = knob_info(subject);
    json["knob"] = info.name;
    json["range"] = {shortest(info.min_strength), shortest(info.max_strength)};
  }
  json["attribute"] =
      subject.attribute ? Json(attribute_text(subject.model, *subject.attribute)) : Json();
  json["mode"] = subject.steering.mode;
  json["at"] = subject.steering.at;
  json["users"] = subject.users;
  json["unknown_events"] = subject.unknown_events;
  json["interactions"] = log_json(subject.notes);
  json["base"] = lists_json(subject, sweep.base);
  json["points"] = Json::array();
  for (const SweepPoint& point : sweep.points) {
    Json entry{{"strength", shortest(point.strength)}};
    if (method.kind == SweepKind::kKnob) entry["in_range"] = is_in_range(subject, point.strength);
    entry.update(lists_json(subject, point.measure));
    json["points"].push_back(std::move(entry));
  }
  for (const AimName& aim : kAimNames) json[aim.key] = summary_json(subject, sweep, aim.aim);
  std::cout << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

void print_sweep(const SweptSubject& subject, const SweepMethod& method, const Sweep& sweep) {
  const std::string share =
      subject.attribute ? ", share of " + attribute_text(subject.model, *subject.attribute) : "";
  std::printf("%s%s%s%s, %zu users\n\n", method.name.c_str(), subject.knob ? " " : "",
              subject.knob ? knob_info(subject).name : "", share.c_str(), subject.users);
  std::printf("%9s %7s %8s %7s %11s %8s\n", "strength", subject.attribute ? "share" : "", "ndcg@10",
              "hr@10", "coverage@10", "overlap");
  print_row(subject, "unsteered", sweep.base, "");
  for (const SweepPoint& point : sweep.points) {
    const bool is_outside =
        method.kind == SweepKind::kKnob && !is_in_range(subject, point.strength);
    print_row(subject, short_number(point.strength), point.measure,
              is_outside ? "  outside the range" : "");
  }
  print_movements(subject, sweep);
  for (const AimName& aim : kAimNames) {
    if (subject.attribute) print_summary(subject, sweep, aim);
  }
  std::printf("\n");
}

void print_comparison(const SweptSubject& subject,
                      const std::vector<std::pair<SweepMethod, Sweep>>& sweeps) {
  const uint32_t attribute = *subject.attribute;
  std::printf("%s, %zu users\n", attribute_text(subject.model, attribute).c_str(), subject.users);
  for (const AimName& aim : kAimNames) {
    const double start = sweeps[0].second.base.shares[attribute];
    std::printf("\nmean share %s: %.3f -> %.3f\n", aim.words, start, aimed_share(aim.aim, start));
    std::printf("%-18s %9s %16s %17s %10s %13s\n", "method", "strength", "ndcg@10 lost, %",
                "95 % interval", "unchanged",
                aim.aim == SweepAim::kHalved ? "no item less" : "no item more");
    for (const auto& [method, sweep] : sweeps) {
      const auto summary = summarize_sweep(sweep, attribute, aim.aim);
      if (!summary) {
        std::printf("%-18s does not get there\n", method.name.c_str());
        continue;
      }
      char interval[40];
      std::snprintf(interval, sizeof(interval), "%.2f to %.2f", 100 * summary->loss.low,
                    100 * summary->loss.high);
      std::printf("%-18s %9.4g %16.2f %17s %8.1f %% %11.1f %%\n", method.name.c_str(),
                  summary->strength, 100 * summary->ndcg_loss, interval, 100 * summary->unchanged,
                  100 * summary->unmoved);
    }
  }
}

}  // namespace pintle::converter
