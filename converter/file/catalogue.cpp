// SPDX-License-Identifier: Apache-2.0
#include "converter/file/catalogue.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "converter/file/item_rows.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

// A row to be kept, and whether the interactions name it.
struct ListedRow {
  ItemRow row;
  bool trained = true;
};

void mark_trained(const Interactions& interactions, std::vector<ListedRow>* rows,
                  CatalogueReport* report) {
  const std::unordered_set<std::string> seen(interactions.item_names.begin(),
                                             interactions.item_names.end());
  std::vector<std::string> ids;
  size_t trained = 0;
  for (ListedRow& listed : *rows) {
    listed.trained = seen.count(listed.row.external_id) != 0;
    trained += listed.trained ? 1 : 0;
    ids.push_back(listed.row.external_id);
  }
  report->log = compare_ids(interactions, ids);
  if (trained == 0) {
    throw Error(
        "no item of the interactions is in the catalogue: their ids must be the item table's "
        "(--id-column names its column) or, without one, the checkpoint's");
  }
}

void keep_rows(const std::vector<ListedRow>& rows, Network* network) {
  const auto keep_matrix = [&](Matrix* matrix) {
    // Ascending rows: each moves towards the front, never over one that is still to be read.
    for (size_t i = 0; i < rows.size(); ++i) {
      if (i != rows[i].row.source) {
        std::copy_n(matrix->row(static_cast<int64_t>(rows[i].row.source)), matrix->cols,
                    matrix->row(static_cast<int64_t>(i)));
      }
    }
    matrix->rows = static_cast<int64_t>(rows.size());
    matrix->values.resize(rows.size() * static_cast<size_t>(matrix->cols));
    matrix->values.shrink_to_fit();
  };
  keep_matrix(&network->items);
  if (network->output_items) keep_matrix(&*network->output_items);
  for (size_t i = 0; i < rows.size(); ++i) {
    network->checkpoint_ids[i] = network->checkpoint_ids[rows[i].row.source];
    if (!network->item_bias.empty()) network->item_bias[i] = network->item_bias[rows[i].row.source];
  }
  network->checkpoint_ids.resize(rows.size());
  if (!network->item_bias.empty()) network->item_bias.resize(rows.size());
}

// Text if one id is, also one of an item that was left out: which items are kept may change.
void fill_ids(const std::vector<ListedRow>& rows, const ItemTable* items, Catalogue* catalogue) {
  catalogue->has_text_ids = items != nullptr && !items->integer_ids;
  for (const ListedRow& listed : rows) {
    const std::optional<int64_t> id = canonical_integer(listed.row.external_id);
    catalogue->has_text_ids = catalogue->has_text_ids || !id;
    catalogue->integer_ids.push_back(id.value_or(0));
    catalogue->text_ids.push_back(listed.row.external_id);
  }
  catalogue->id_order.resize(rows.size());
  std::iota(catalogue->id_order.begin(), catalogue->id_order.end(), 0u);
  const auto order_by = [&](const auto& ids) {
    std::sort(catalogue->id_order.begin(), catalogue->id_order.end(),
              [&](uint32_t a, uint32_t b) { return ids[a] < ids[b]; });
  };
  if (catalogue->has_text_ids) {
    catalogue->integer_ids.clear();
    order_by(catalogue->text_ids);
  } else {
    catalogue->text_ids.clear();
    order_by(catalogue->integer_ids);
  }
}

}  // namespace

size_t Catalogue::trained_count(size_t item_count) const {
  return trained.empty() ? item_count
                         : static_cast<size_t>(std::count(trained.begin(), trained.end(), true));
}

size_t Catalogue::dated_count() const {
  return static_cast<size_t>(
      std::count_if(dates.begin(), dates.end(), [](int32_t date) { return date != kUnknownDate; }));
}

void count_popularity(const Interactions& interactions, Catalogue* catalogue) {
  std::vector<size_t> events(interactions.item_names.size());
  for (const std::vector<size_t>& history : interactions.items) {
    for (size_t name : history) ++events[name];
  }
  std::unordered_map<std::string, size_t> counts;
  for (size_t i = 0; i < events.size(); ++i) counts[interactions.item_names[i]] = events[i];
  const size_t rows = catalogue->id_order.size();
  std::vector<double> shares(rows);
  double sum = 0;
  for (size_t row = 0; row < rows; ++row) {
    if (!catalogue->trained.empty() && !catalogue->trained[row]) continue;
    const auto found =
        counts.find(catalogue->has_text_ids ? catalogue->text_ids[row]
                                            : std::to_string(catalogue->integer_ids[row]));
    shares[row] = 1 + (found == counts.end() ? 0 : static_cast<double>(found->second));
    sum += shares[row];
  }
  catalogue->popularity.resize(rows);
  for (size_t row = 0; row < rows; ++row) {
    catalogue->popularity[row] = shares[row] > 0 ? static_cast<float>(std::log(shares[row] / sum))
                                                 : -std::numeric_limits<float>::infinity();
  }
}

Catalogue build_catalogue(const ItemTable* items, const Interactions* interactions,
                          Network* network, CatalogueReport* report, bool force) {
  ItemRows found = find_item_rows(items, *network, force);
  report->checkpoint_items = network->checkpoint_ids.size();
  report->missing_items = found.missing.size();
  found.missing.resize(std::min<size_t>(found.missing.size(), 5));
  report->missing_examples = std::move(found.missing);
  report->notes = std::move(found.notes);
  std::vector<ListedRow> rows;
  for (ItemRow& row : found.rows) rows.push_back({std::move(row)});
  if (interactions != nullptr) {
    if (items == nullptr) {
      const std::string note = question_log_rows(*interactions, *network, force);
      if (!note.empty()) report->notes.push_back(note);
    }
    mark_trained(*interactions, &rows, report);
  }
  if (items == nullptr) {
    rows.erase(
        std::remove_if(rows.begin(), rows.end(), [](const ListedRow& row) { return !row.trained; }),
        rows.end());
  }
  Catalogue catalogue;
  fill_ids(rows, items, &catalogue);
  if (items != nullptr) {
    catalogue.attributes = items->attributes;
    for (const ListedRow& listed : rows) {
      const Item& item = *listed.row.item;
      if (items->has_titles) catalogue.titles.push_back(item.title);
      if (items->has_dates) catalogue.dates.push_back(item.date);
      if (!items->attributes.empty()) catalogue.item_attributes.push_back(item.attributes);
      report->untrained_items += listed.trained ? 0 : 1;
    }
  }
  if (report->untrained_items != 0) {
    for (const ListedRow& listed : rows) catalogue.trained.push_back(listed.trained);
  }
  report->dropped_items = report->checkpoint_items - rows.size();
  keep_rows(rows, network);
  return catalogue;
}

}  // namespace pintle::converter
