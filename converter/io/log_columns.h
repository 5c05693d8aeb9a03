// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_LOG_COLUMNS_H_
#define PINTLE_CONVERTER_IO_LOG_COLUMNS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "converter/io/interactions.h"

namespace pintle::converter {

struct LogColumns {
  size_t user = 0, item = 0;
  std::vector<std::string> notes;  // what else could have been taken
};

// How many of a header's columns have names that a log's have, or that `options` name.
size_t known_log_columns(const std::vector<std::string>& names, const InteractionOptions& options);
// Whether a user and an item column are among them, so that this is a log's header.
bool names_log_columns(const std::vector<std::string>& names, const InteractionOptions& options);

// Throws Error if there is none, or several are equally likely.
LogColumns find_log_columns(const std::string& path, const std::vector<std::string>& names,
                            const InteractionOptions& options);

// The column that an option names, whatever its case. Throws Error if there is none, or several.
size_t find_named_column(const std::string& path, const std::vector<std::string>& names,
                         const std::string& wanted, const std::string& option);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_LOG_COLUMNS_H_
