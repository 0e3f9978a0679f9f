# The status page: markup, style and scripts of daemon/page/ made into one document, and that into a C array (cmake/make_page.c). A C program and not a
# script: the build needs no further language.
set(page_sources ${CMAKE_SOURCE_DIR}/daemon/page/page.html ${CMAKE_SOURCE_DIR}/daemon/page/page.css ${CMAKE_SOURCE_DIR}/daemon/page/words.js
  ${CMAKE_SOURCE_DIR}/daemon/page/charts.js ${CMAKE_SOURCE_DIR}/daemon/page/page.js)
add_executable(make_page cmake/make_page.c cli/sha256.c)
target_link_libraries(make_page PRIVATE mr_common PkgConfig::ZLIB)
set_target_properties(make_page PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/generated)   # a tool of the build, no program of ours
set(page_array ${CMAKE_BINARY_DIR}/generated/page.inc)
add_custom_command(OUTPUT ${page_array}
  COMMAND make_page ${page_sources} ${page_array}
  DEPENDS make_page ${page_sources} VERBATIM)
add_custom_target(page DEPENDS ${page_array})
