# SPDX-License-Identifier: Apache-2.0
#
# Install, and the package that find_package(pintle) reads. A fetched XNNPACK is not installed with
# us: the shared library holds it, the static one would be left without, so it stays behind.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/pintle)

set(libraries)
if(TARGET pintle_shared)
  list(APPEND libraries pintle_shared)
endif()
if(NOT TARGET XNNPACK)
  list(APPEND libraries pintle_runtime)
endif()
install(TARGETS ${libraries} EXPORT pintle_targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET pintle_cli)
  install(TARGETS pintle_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/runtime/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT pintle_targets NAMESPACE pintle:: DESTINATION ${package_dir})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/pintle-config.cmake.in
  ${PROJECT_BINARY_DIR}/pintle-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pintle-config-version.cmake
  COMPATIBILITY SameMinorVersion)  # before 1.0 a minor version may change the API
install(FILES ${PROJECT_BINARY_DIR}/pintle-config.cmake
        ${PROJECT_BINARY_DIR}/pintle-config-version.cmake
        ${CMAKE_CURRENT_LIST_DIR}/FindXNNPACK.cmake DESTINATION ${package_dir})
