// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_JSON_LINES_H_
#define PINTLE_CONVERTER_IO_JSON_LINES_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pintle::converter {

// JSON lines as a table: one object a line, its keys are columns, in order of first appearance over
// the whole text. A nested object gives columns "outer.inner"; a list stays JSON. Throws Error with
// the line of what is no object.
std::vector<std::string> json_columns(const std::string& path, std::string_view text);

// A key that a line lacks, or null, is an empty field.
void read_json_rows(const std::string& path, std::string_view text,
                    const std::vector<std::string>& columns,
                    const std::function<void(size_t line, std::vector<std::string>&)>& on_row);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_JSON_LINES_H_
