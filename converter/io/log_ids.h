// SPDX-License-Identifier: Apache-2.0
//
// Whether a log speaks of the items that a model has.
#ifndef PINTLE_CONVERTER_IO_LOG_IDS_H_
#define PINTLE_CONVERTER_IO_LOG_IDS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "converter/io/interactions.h"

namespace pintle::converter {

struct LogIds {
  size_t ids = 0, unknown_ids = 0;  // distinct
  size_t events = 0, unknown_events = 0;
  std::vector<std::string> unknown_examples;  // the first few
  std::string
      note;  // "3 of 40 ids unknown (7.5 %, e.g. 57), 0.4 % of events"; empty: all are known
  std::string fault;  // why the log is hardly the model's, and what to do; empty: it may be

  // Throws Error if there is a fault, unless `force`.
  void require_fit(bool force) const;
};

// `model_ids`: all items that the model has, as the app calls them.
LogIds compare_ids(const Interactions& interactions, const std::vector<std::string>& model_ids);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_LOG_IDS_H_
