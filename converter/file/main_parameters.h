// SPDX-License-Identifier: Apache-2.0
//
// The main parameters of a model's lists, in words for the person who gets the lists.
#ifndef PINTLE_CONVERTER_FILE_MAIN_PARAMETERS_H_
#define PINTLE_CONVERTER_FILE_MAIN_PARAMETERS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "converter/file/catalogue.h"
#include "converter/network/interpretation.h"
#include "converter/network/network.h"

namespace pintle::converter {

inline constexpr size_t kMostMainParameters = 32;
inline constexpr size_t kLongestMainParameter = 1000;  // bytes

// Sentences that are true of every list of a file that holds these.
std::vector<std::string> default_main_parameters(const Network& network, const Catalogue& catalogue,
                                                 const Interpretation& interpretation);

// The owner's own: the lines of a text file, blank ones left out. Throws Error for a file without any, with
// too many or too long ones, or that is no text.
std::vector<std::string> read_main_parameters(const std::string& path);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FILE_MAIN_PARAMETERS_H_
