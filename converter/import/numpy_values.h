// SPDX-License-Identifier: Apache-2.0
//
// NumPy arrays and scalars inside pickles, where they hold names or whole numbers.
#ifndef PINTLE_CONVERTER_IMPORT_NUMPY_VALUES_H_
#define PINTLE_CONVERTER_IMPORT_NUMPY_VALUES_H_

#include <optional>
#include <string>
#include <vector>

#include "converter/import/pickle_value.h"

namespace pintle::converter {

// A string or a whole number as text, NumPy's scalars included; nothing for other values.
std::optional<std::string> plain_text(const PickleValue& value);

// The elements of a list, a tuple or an array of one dimension (objects, text, bytes, integers), as
// plain_text gives them; nothing if an element has no such text.
std::optional<std::vector<std::string>> plain_texts(const PickleValue& value);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_NUMPY_VALUES_H_
