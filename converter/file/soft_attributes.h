// SPDX-License-Identifier: Apache-2.0
//
// Attributes that items belong to in part.
#ifndef PINTLE_CONVERTER_FILE_SOFT_ATTRIBUTES_H_
#define PINTLE_CONVERTER_FILE_SOFT_ATTRIBUTES_H_

#include <string>
#include <vector>

#include "converter/file/catalogue.h"
#include "converter/io/memberships.h"
#include "converter/network/concept.h"

namespace pintle::converter {

// Adds the table's attributes to the catalogue: those of a group that it has stand with the group's
// others, new groups behind it in the table's order. Returns what was added and left out, for people.
// Throws Error for an attribute that the catalogue has already, if no item of the table is in the
// catalogue, and, unless `force`, if more than half of them are not.
std::vector<std::string> add_memberships(const MembershipTable& table, bool force,
                                         Catalogue* catalogue);

// The same of concepts, found in `source` (for messages): attributes with memberships.
std::vector<std::string> add_concepts(const std::vector<Concept>& concepts,
                                      const std::string& source, bool force, Catalogue* catalogue);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FILE_SOFT_ATTRIBUTES_H_
