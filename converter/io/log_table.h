// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_LOG_TABLE_H_
#define PINTLE_CONVERTER_IO_LOG_TABLE_H_

#include <string>

#include "converter/io/interactions.h"
#include "converter/io/table_reader.h"

namespace pintle::converter {

// The log in a table. Its notes lack only how much was read.
Interactions read_log_table(const std::string& path, const TableReader& table,
                            const InteractionOptions& options);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_LOG_TABLE_H_
