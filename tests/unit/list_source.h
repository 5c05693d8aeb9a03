// SPDX-License-Identifier: Apache-2.0
//
// Lists for one search alone.
#ifndef PINTLE_TESTS_UNIT_LIST_SOURCE_H_
#define PINTLE_TESTS_UNIT_LIST_SOURCE_H_

#include "converter/run/steered_lists.h"

namespace pintle::converter {

inline MeasureLists lists_by(ThreadPool* pool) {
  return [pool](const Model& model, const Histories& histories,
                const std::vector<ListVariant>& variants, const std::vector<float>& item_values) {
    return measure_lists(model, histories, variants, pool, item_values);
  };
}

}  // namespace pintle::converter

#endif  // PINTLE_TESTS_UNIT_LIST_SOURCE_H_
