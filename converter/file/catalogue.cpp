// SPDX-License-Identifier: Apache-2.0
#include "converter/file/catalogue.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

constexpr size_t kExamples = 5;

void note(const std::string& id, size_t* count, std::vector<std::string>* examples) {
  ++*count;
  if (examples->size() < kExamples) examples->push_back(id);
}

// One row to be kept.
struct ListedRow {
  size_t source;     // its row in the network as imported
  const Item* item;  // null without an item table
  bool trained;
};

std::string external_id(const ListedRow& row, const Network& network) {
  return row.item != nullptr ? row.item->external_id
                             : std::to_string(network.checkpoint_ids[row.source]);
}

std::vector<ListedRow> listed_rows(const ItemTable* items, const Network& network,
                                   CatalogueReport* report) {
  const std::vector<int64_t>& ids = network.checkpoint_ids;
  std::vector<ListedRow> rows;
  if (items == nullptr) {
    for (size_t i = 0; i < ids.size(); ++i) rows.push_back({i, nullptr, true});
    return rows;
  }
  require_integer_rows(*items);
  for (const Item& item : items->items) {
    const auto found = std::lower_bound(ids.begin(), ids.end(), *item.checkpoint_id);
    if (found == ids.end() || *found != *item.checkpoint_id) {
      note(std::to_string(*item.checkpoint_id), &report->missing_items, &report->missing_examples);
      continue;
    }
    rows.push_back({static_cast<size_t>(found - ids.begin()), &item, true});
  }
  std::sort(rows.begin(), rows.end(),
            [](const ListedRow& a, const ListedRow& b) { return a.source < b.source; });
  if (rows.empty()) {
    throw Error("no item of the item table has a row in the checkpoint, whose ids are " +
                std::to_string(ids.front()) + " to " + std::to_string(ids.back()) +
                "; the table's first column must be the id used in the checkpoint");
  }
  return rows;
}

void mark_trained(const Interactions& interactions, const Network& network,
                  std::vector<ListedRow>* rows, CatalogueReport* report) {
  const std::unordered_set<std::string> seen(interactions.item_names.begin(),
                                             interactions.item_names.end());
  std::vector<std::string> ids;
  size_t trained = 0;
  for (ListedRow& row : *rows) {
    const std::string id = external_id(row, network);
    row.trained = seen.count(id) != 0;
    trained += row.trained ? 1 : 0;
    ids.push_back(id);
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
      if (i != rows[i].source) {
        std::copy_n(matrix->row(static_cast<int64_t>(rows[i].source)), matrix->cols,
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
    network->checkpoint_ids[i] = network->checkpoint_ids[rows[i].source];
    if (!network->item_bias.empty()) network->item_bias[i] = network->item_bias[rows[i].source];
  }
  network->checkpoint_ids.resize(rows.size());
  if (!network->item_bias.empty()) network->item_bias.resize(rows.size());
}

void fill_ids(const std::vector<ListedRow>& rows, const ItemTable* items, const Network& network,
              Catalogue* catalogue) {
  catalogue->has_text_ids = items != nullptr && !items->integer_ids;
  catalogue->id_order.resize(rows.size());
  std::iota(catalogue->id_order.begin(), catalogue->id_order.end(), 0u);
  const auto order_by = [&](const auto& ids) {
    std::sort(catalogue->id_order.begin(), catalogue->id_order.end(),
              [&](uint32_t a, uint32_t b) { return ids[a] < ids[b]; });
  };
  if (catalogue->has_text_ids) {
    for (const ListedRow& row : rows) catalogue->text_ids.push_back(row.item->external_id);
    order_by(catalogue->text_ids);
  } else {
    for (const ListedRow& row : rows) {
      catalogue->integer_ids.push_back(row.item != nullptr ? std::stoll(row.item->external_id)
                                                           : network.checkpoint_ids[row.source]);
    }
    order_by(catalogue->integer_ids);
  }
}

}  // namespace

size_t Catalogue::trained_count(size_t item_count) const {
  return trained.empty() ? item_count
                         : static_cast<size_t>(std::count(trained.begin(), trained.end(), true));
}

Catalogue build_catalogue(const ItemTable* items, const Interactions* interactions,
                          Network* network, CatalogueReport* report) {
  if (network->checkpoint_ids.empty()) throw Error("the checkpoint has no items");
  report->checkpoint_items = network->checkpoint_ids.size();
  std::vector<ListedRow> rows = listed_rows(items, *network, report);
  if (interactions != nullptr) mark_trained(*interactions, *network, &rows, report);
  if (items == nullptr) {
    rows.erase(
        std::remove_if(rows.begin(), rows.end(), [](const ListedRow& row) { return !row.trained; }),
        rows.end());
  }
  Catalogue catalogue;
  fill_ids(rows, items, *network, &catalogue);
  if (items != nullptr) {
    catalogue.attributes = items->attributes;
    for (const ListedRow& row : rows) {
      if (items->has_titles) catalogue.titles.push_back(row.item->title);
      if (!items->attributes.empty()) catalogue.item_attributes.push_back(row.item->attributes);
      report->untrained_items += row.trained ? 0 : 1;
    }
  }
  if (report->untrained_items != 0) {
    for (const ListedRow& row : rows) catalogue.trained.push_back(row.trained);
  }
  report->dropped_items = report->checkpoint_items - rows.size();
  keep_rows(rows, network);
  return catalogue;
}

}  // namespace pintle::converter
