// SPDX-License-Identifier: Apache-2.0
//
// The parts of the report page, embedded at build time by embed_page.cmake.
#ifndef PINTLE_CONVERTER_REPORT_PAGE_PARTS_H_
#define PINTLE_CONVERTER_REPORT_PAGE_PARTS_H_

namespace pintle::converter {

extern const char kPageHtml[];    // page.html: the template
extern const char kPageCss[];     // page.css
extern const char kPageScript[];  // our scripts, in the order in which they run
extern const char kChartJs[];     // Chart.js, minified, third party, under the MIT licence

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_REPORT_PAGE_PARTS_H_
