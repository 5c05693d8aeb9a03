// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_LOG_FORMAT_H_
#define PINTLE_CONVERTER_IO_LOG_FORMAT_H_

#include <string>
#include <string_view>

#include "converter/io/interactions.h"

namespace pintle::converter {

// Pairs or sequences, by the evidence of all lines, for a text whose first line is no header.
// options.format: what it is said to be, or kDetect. Throws Error, with what to do, if it looks like
// a table without a header, or may be one. What is certain (decimals and dates are no ids) is refused
// whatever the format said, unless options.force; what is only likely, if nothing was said.
InteractionFormat detect_log_format(const std::string& path, std::string_view text,
                                    const InteractionOptions& options);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_LOG_FORMAT_H_
