# SPDX-License-Identifier: Apache-2.0
#
# Sets PINTLE_CHART_JS to Chart.js, minified, which the report page carries: the system's if it has
# version 3 or later, else the file of release 3.9.1, pinned by its hash.
set(PINTLE_CHART_JS_URL https://cdnjs.cloudflare.com/ajax/libs/Chart.js/3.9.1/chart.min.js)
set(PINTLE_CHART_JS_SHA256 fbc45926e6b46845a0f905552a0e0b1331049bff1115ecf94dbe0904d895e710)

find_file(PINTLE_CHART_JS NAMES chart.min.js chart.umd.js Chart.min.js
          PATHS /usr/share/javascript/chart.js /usr/share/nodejs/chart.js/dist
          DOC "Chart.js, version 3 or later, minified: drawn with by the report page")
mark_as_advanced(PINTLE_CHART_JS)
if(PINTLE_CHART_JS)
  file(READ "${PINTLE_CHART_JS}" chart_js_head LIMIT 200)
  if(NOT chart_js_head MATCHES "Chart\\.js v([3-9]|[1-9][0-9])\\.")
    message(STATUS "${PINTLE_CHART_JS} is not Chart.js 3 or later: passed over")
    set(PINTLE_CHART_JS "")
  endif()
endif()
if(NOT PINTLE_CHART_JS)
  set(PINTLE_CHART_JS ${CMAKE_CURRENT_BINARY_DIR}/chart.min.js)
  set(chart_js_hash "")
  if(EXISTS ${PINTLE_CHART_JS})
    file(SHA256 ${PINTLE_CHART_JS} chart_js_hash)
  endif()
  if(NOT chart_js_hash STREQUAL PINTLE_CHART_JS_SHA256)
    set(chart_js_remedy "apt-get install libjs-chart.js, or give the path of a chart.min.js "
                        "(version 3 or later) with -DPINTLE_CHART_JS=FILE")
    if(NOT PINTLE_FETCH)
      message(FATAL_ERROR "The report page needs Chart.js, which is not on this system, and "
                          "PINTLE_FETCH is off: " ${chart_js_remedy})
    endif()
    message(STATUS "Chart.js: not on this system, fetching release 3.9.1")
    file(DOWNLOAD ${PINTLE_CHART_JS_URL} ${PINTLE_CHART_JS}.part STATUS chart_js_status
         TLS_VERIFY ON)
    file(SHA256 ${PINTLE_CHART_JS}.part chart_js_hash)
    if(NOT chart_js_status MATCHES "^0;" OR NOT chart_js_hash STREQUAL PINTLE_CHART_JS_SHA256)
      message(FATAL_ERROR "Chart.js, which the report page needs, could not be fetched from "
                          "${PINTLE_CHART_JS_URL} (${chart_js_status}): " ${chart_js_remedy})
    endif()
    file(RENAME ${PINTLE_CHART_JS}.part ${PINTLE_CHART_JS})
  endif()
endif()
