// SPDX-License-Identifier: Apache-2.0
//
// The report's "what the profile learns from feedback": figures that `pintle simulate` measured.
#ifndef PINTLE_CONVERTER_REPORT_SIMULATION_SECTION_H_
#define PINTLE_CONVERTER_REPORT_SIMULATION_SECTION_H_

#include <nlohmann/json.hpp>
#include <string>

namespace pintle::converter {

// {"feedback": [numbers], "personas": [{"name", "people", "methods": [{"name", "ndcg", "share"}]}],
// "notes": [texts]}: ndcg is [[mean, low, high]], one a number of feedback, share [value, low, high].
// Personas in the order of kPersonas, methods in the file's. `simulation` is what
// `pintle simulate --json` prints; throws Error, which names `path`, where it is not.
nlohmann::ordered_json simulation_section(const nlohmann::json& simulation,
                                          const std::string& path);
// Of the file.
nlohmann::ordered_json read_simulation_section(const std::string& path);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_REPORT_SIMULATION_SECTION_H_
