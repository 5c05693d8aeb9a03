// SPDX-License-Identifier: Apache-2.0
//
// One self-contained HTML file: the template with style, scripts and data inside. It needs no
// network and may use none: its content security policy allows only its own scripts, by hash.
#ifndef PINTLE_CONVERTER_REPORT_PAGE_H_
#define PINTLE_CONVERTER_REPORT_PAGE_H_

#include <nlohmann/json.hpp>
#include <string>

namespace pintle::converter {

// `title` is plain text. `data` is what page.js reads; its strings may hold anything: those that
// are not UTF-8 get the replacement character.
std::string report_page(const std::string& title, const nlohmann::ordered_json& data);

// Plain text as HTML text or a quoted attribute's value.
std::string escape_html(const std::string& text);

// JSON that cannot end the script element that holds it.
std::string script_safe_json(const nlohmann::ordered_json& data);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_REPORT_PAGE_H_
