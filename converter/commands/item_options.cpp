// SPDX-License-Identifier: Apache-2.0
#include "converter/commands/item_options.h"

namespace pintle::converter {

void add_item_options(CLI::App* verb, CLI::Option* items, ItemOptions* options) {
  verb->add_option("--id-column", options->id_column,
                   "The column of --items that holds the app's own ids (default: the first)")
      ->needs(items);
  verb->add_option("--row-column", options->row_column,
                   "The column that holds the ids used in the checkpoint (default: the first)")
      ->needs(items);
  verb->add_option("--title-column", options->title_column,
                   "The column that holds titles (default: title, name, movie_title or the like)")
      ->needs(items);
  verb->add_option("--date-column", options->date_column,
                   "The column that tells when an item appeared (default: the only one of dates); "
                   "none: no column does")
      ->needs(items);
  verb->add_option("--attributes", options->attributes,
                   "Exactly these columns become attributes, separated by commas (default: those "
                   "that look like categories: no numbers, dates, free text or ids)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->needs(items);
}

}  // namespace pintle::converter
