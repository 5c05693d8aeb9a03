// SPDX-License-Identifier: Apache-2.0
#include "converter/file/write_knobs.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

// -1 for a knob without an attribute.
int32_t attribute_index(const Knob& knob,
                        const std::vector<std::pair<std::string, std::string>>& attributes) {
  if (knob.attribute_group.empty() && knob.attribute_name.empty()) return -1;
  const auto found = std::find(attributes.begin(), attributes.end(),
                               std::make_pair(knob.attribute_group, knob.attribute_name));
  if (found != attributes.end()) return static_cast<int32_t>(found - attributes.begin());
  throw Error("the knob " + knob.name + " is for the attribute " + knob.attribute_group + " \"" +
              knob.attribute_name +
              "\", which the catalogue lacks: pass the --items and --memberships it was made with");
}

// A vector of member(entry) of each entry; absent if there is none.
template <typename Entry, typename Member>
auto column(FlatBufferBuilder* builder, const std::vector<Entry>& entries, const Member& member) {
  std::vector<std::decay_t<decltype(member(entries[0]))>> values;
  for (const Entry& entry : entries) values.push_back(member(entry));
  return values.empty() ? 0 : builder->CreateVector(values);
}

}  // namespace

Offset<fb::Knob> write_knob(FlatBufferBuilder* builder, const Knob& knob,
                            const std::vector<std::pair<std::string, std::string>>& attributes) {
  const auto first = [](const auto& pair) { return pair.first; };
  const auto second = [](const auto& pair) { return pair.second; };
  const auto of_curve = [&](float KnobCurvePoint::*member) {
    return column(builder, knob.curve, [&](const KnobCurvePoint& point) { return point.*member; });
  };
  const auto name = builder->CreateString(knob.name);
  const auto features = column(builder, knob.features, first);
  const auto weights = column(builder, knob.features, second);
  const auto strengths = of_curve(&KnobCurvePoint::strength);
  const auto shares = of_curve(&KnobCurvePoint::share);
  const auto ndcgs = of_curve(&KnobCurvePoint::ndcg);
  const auto reward_strengths = column(builder, knob.rewards, first);
  const auto rewards = column(builder, knob.rewards, second);
  const auto gains = of_curve(&KnobCurvePoint::median_gain);
  const auto no_gains = of_curve(&KnobCurvePoint::no_gain);
  fb::KnobBuilder table(*builder);
  table.add_name(name);
  table.add_attribute(attribute_index(knob, attributes));
  table.add_sae(knob.sae);
  table.add_features(features);
  table.add_weights(weights);
  // Of before 1.3. Every number has its place in the table, if only as its default.
  table.add_attribute_bias(0);
  table.add_attribute_bonus(0);
  table.add_temperature(1);
  table.add_min_strength(knob.min_strength);
  table.add_max_strength(knob.max_strength);
  table.add_curve_strength(strengths);
  table.add_curve_share(shares);
  table.add_curve_ndcg(ndcgs);
  table.add_reward_strength(reward_strengths);
  table.add_reward(rewards);
  table.add_min_by_loss(knob.min_by_loss);
  table.add_max_by_loss(knob.max_by_loss);
  table.add_min_by_items(knob.min_by_items);
  table.add_max_by_items(knob.max_by_items);
  table.add_curve_median_gain(gains);
  table.add_curve_no_gain(no_gains);
  return table.Finish();
}

Offset<fb::Preset> write_preset(FlatBufferBuilder* builder, const Preset& preset,
                                const std::vector<Knob>& knobs) {
  std::vector<uint32_t> numbers;
  std::vector<float> strengths;
  for (const auto& [knob_name, strength] : preset.strengths) {
    size_t number = 0;
    while (number < knobs.size() && knobs[number].name != knob_name) ++number;
    if (number == knobs.size()) {
      throw Error("the preset " + preset.name + " names the knob " + knob_name + ", which is none");
    }
    numbers.push_back(static_cast<uint32_t>(number));
    strengths.push_back(strength);
  }
  const auto name = builder->CreateString(preset.name);
  const auto number_vector = builder->CreateVector(numbers);
  return fb::CreatePreset(*builder, name, number_vector, builder->CreateVector(strengths));
}

}  // namespace pintle::converter
