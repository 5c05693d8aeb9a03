// SPDX-License-Identifier: Apache-2.0
#include "converter/file/write_catalogue.h"

#include <algorithm>
#include <string>
#include <vector>

namespace pintle::converter {
namespace {

// Rows of a table one behind the other, and where each begins (n + 1 numbers).
template <typename T>
struct Joined {
  std::vector<uint32_t> offsets{0};
  std::vector<T> values;
};

template <typename T>
Joined<T> join_rows(const std::vector<std::vector<T>>& rows) {
  Joined<T> joined;
  for (const std::vector<T>& row : rows) {
    joined.values.insert(joined.values.end(), row.begin(), row.end());
    joined.offsets.push_back(static_cast<uint32_t>(joined.values.size()));
  }
  return joined;
}

// value(item, place in the item's list) of each attribute's items, ascending: the relation turned.
template <typename T, typename Value>
std::vector<std::vector<T>> turned(const Catalogue& catalogue, const Value& value) {
  std::vector<std::vector<T>> rows(catalogue.attributes.size());
  for (uint32_t item = 0; item < catalogue.item_attributes.size(); ++item) {
    const std::vector<uint32_t>& attributes = catalogue.item_attributes[item];
    for (size_t i = 0; i < attributes.size(); ++i) rows[attributes[i]].push_back(value(item, i));
  }
  return rows;
}

}  // namespace

bool has_soft_attributes(const Catalogue& catalogue) {
  const auto is_part = [](uint8_t membership) { return membership != kWholeMembership; };
  return std::any_of(catalogue.item_memberships.begin(), catalogue.item_memberships.end(),
                     [&](const std::vector<uint8_t>& of_item) {
                       return std::any_of(of_item.begin(), of_item.end(), is_part);
                     });
}

void CatalogueWriter::add_segments(SegmentList* segments) {
  const size_t count = catalogue_.id_order.size();
  if (catalogue_.has_text_ids) {
    text_ids_ = segments->add_strings(catalogue_.text_ids, "ids");
  } else {
    integer_ids_ = segments->add_array(catalogue_.integer_ids);
  }
  id_order_ = segments->add_array(catalogue_.id_order);
  if (!catalogue_.trained.empty()) {
    std::vector<uint8_t> bitmap((count + 7) / 8);
    for (size_t i = 0; i < count; ++i) {
      if (catalogue_.trained[i]) bitmap[i / 8] |= static_cast<uint8_t>(1u << i % 8);
    }
    trained_ = segments->add(bitmap);
  }
  if (!catalogue_.titles.empty()) titles_ = segments->add_strings(catalogue_.titles, "titles");
  add_attributes(segments);
  if (has_soft_attributes(catalogue_)) add_memberships(segments);
  dates_ = segments->add_array(catalogue_.dates);
  popularity_ = segments->add_array(catalogue_.popularity);
}

void CatalogueWriter::add_attributes(SegmentList* segments) {
  const Joined<uint32_t> of_items = join_rows(catalogue_.item_attributes);
  if (of_items.values.empty()) return;
  const Joined<uint32_t> of_attributes = join_rows(
      turned<uint32_t>(catalogue_, [&](uint32_t item, size_t) { return part_.first_item + item; }));
  item_attribute_offsets_ = segments->add_array(of_items.offsets);
  item_attributes_ = segments->add_array(of_items.values);
  attribute_item_offsets_ = segments->add_array(of_attributes.offsets);
  attribute_items_ = segments->add_array(of_attributes.values);
}

void CatalogueWriter::add_memberships(SegmentList* segments) {
  const auto membership = [&](uint32_t item, size_t i) {
    return catalogue_.item_memberships[item][i];
  };
  item_memberships_ = segments->add(join_rows(catalogue_.item_memberships).values);
  attribute_memberships_ = segments->add(join_rows(turned<uint8_t>(catalogue_, membership)).values);
}

flatbuffers::Offset<fb::Catalogue> CatalogueWriter::table(flatbuffers::FlatBufferBuilder* builder,
                                                          uint64_t base) const {
  const auto text_ids = write_string_table(builder, text_ids_, base);
  const auto titles = write_string_table(builder, titles_, base);
  std::vector<flatbuffers::Offset<fb::Attribute>> attributes;
  for (const auto& [group, name] : catalogue_.attributes) {
    if (!part_.names_attributes) break;
    const auto group_offset = builder->CreateSharedString(group);
    attributes.push_back(fb::CreateAttribute(*builder, group_offset, builder->CreateString(name)));
  }
  const auto attribute_vector =
      part_.names_attributes
          ? builder->CreateVector(attributes)
          : flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<fb::Attribute>>>(0);
  const fb::Segment integer_ids = placed_at(base, integer_ids_);
  const fb::Segment id_order = placed_at(base, id_order_), trained = placed_at(base, trained_);
  const fb::Segment offsets = placed_at(base, item_attribute_offsets_);
  const fb::Segment values = placed_at(base, item_attributes_);
  const fb::Segment turned_offsets = placed_at(base, attribute_item_offsets_);
  const fb::Segment turned_values = placed_at(base, attribute_items_);
  const fb::Segment memberships = placed_at(base, item_memberships_);
  const fb::Segment turned_memberships = placed_at(base, attribute_memberships_);
  const fb::Segment dates = placed_at(base, dates_);
  const fb::Segment popularity = placed_at(base, popularity_);
  const auto if_used = [](const fb::Segment& segment) {
    return segment.size() == 0 ? nullptr : &segment;
  };
  return fb::CreateCatalogue(*builder, static_cast<uint32_t>(catalogue_.id_order.size()),
                             catalogue_.has_text_ids ? fb::IdKind_Text : fb::IdKind_Integer,
                             if_used(integer_ids), text_ids, &id_order, if_used(trained), titles,
                             attribute_vector, if_used(offsets), if_used(values),
                             if_used(turned_offsets), if_used(turned_values), if_used(memberships),
                             if_used(turned_memberships), if_used(dates), if_used(popularity));
}

flatbuffers::Offset<fb::StringTable> write_string_table(flatbuffers::FlatBufferBuilder* builder,
                                                        const StringSegments& strings,
                                                        uint64_t base) {
  if (strings.offsets.size() == 0) return 0;
  const fb::Segment offsets = placed_at(base, strings.offsets);
  const fb::Segment bytes = placed_at(base, strings.bytes);
  return fb::CreateStringTable(*builder, &offsets, &bytes);
}

}  // namespace pintle::converter
