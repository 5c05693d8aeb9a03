// SPDX-License-Identifier: Apache-2.0
//
// A model file's rows of items, as numbers.
#ifndef PINTLE_CONVERTER_FILE_ITEM_TABLES_H_
#define PINTLE_CONVERTER_FILE_ITEM_TABLES_H_

#include "converter/file/model_parts.h"
#include "converter/file/write_delta.h"

namespace pintle::converter {

// As the runtime reads them: quantized where the file has them so.
ItemTables read_item_tables(const ModelParts& parts);

// The values of a tensor.
Matrix unpacked(const PackedTensor& packed);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FILE_ITEM_TABLES_H_
