# SPDX-License-Identifier: Apache-2.0
#
# The report page: its sources, and its parts embedded into the converter.
include(${CMAKE_CURRENT_LIST_DIR}/chart_js.cmake)

set(report ${CMAKE_CURRENT_LIST_DIR})
# In the order in which they run.
set(report_scripts ${report}/dom.js ${report}/charts.js ${report}/knob_figures.js ${report}/knobs.js
                   ${report}/features.js ${report}/simulation.js ${report}/try.js ${report}/page.js)
set(embedded_page ${CMAKE_CURRENT_BINARY_DIR}/report_page_parts.cpp)
add_custom_command(
  OUTPUT ${embedded_page}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${embedded_page} -DHTML=${report}/page.html
          -DCSS=${report}/page.css "-DSCRIPTS=${report_scripts}" -DCHART_JS=${PINTLE_CHART_JS}
          -P ${report}/embed_page.cmake
  DEPENDS ${report}/page.html ${report}/page.css ${report_scripts} ${PINTLE_CHART_JS}
          ${report}/embed_page.cmake
  VERBATIM)
target_sources(pintle_converter PRIVATE
  ${embedded_page} report/baseline_section.cpp report/features_files.cpp report/feature_section.cpp report/history_section.cpp report/knob_section.cpp
  report/page.cpp report/report.cpp report/report_numbers.cpp report/simulation_section.cpp)
