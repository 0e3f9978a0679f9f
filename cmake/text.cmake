# The folding tables: OpenCC's dictionaries (Debian: package opencc, which brings the .ocd2 files along) turned to text by
# opencc_dict and compiled into C tables by cmake/fold_tables.c. A C program and not a script: the build needs no further language.
find_program(OPENCC_DICT opencc_dict REQUIRED)
find_path(OPENCC_DATA TSCharacters.ocd2 PATHS /usr/share/opencc /usr/local/share/opencc REQUIRED)

set(text_dictionaries)
foreach(name TWPhrasesRev TWVariantsRevPhrases TWVariantsRev TSPhrases TSCharacters)
  set(text ${CMAKE_BINARY_DIR}/generated/opencc/${name}.txt)
  add_custom_command(OUTPUT ${text}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated/opencc
    COMMAND ${OPENCC_DICT} -i ${OPENCC_DATA}/${name}.ocd2 -o ${text} -f ocd2 -t text
    DEPENDS ${OPENCC_DATA}/${name}.ocd2 VERBATIM)
  list(APPEND text_dictionaries ${text})
endforeach()

add_executable(make_fold_tables cmake/fold_tables.c)
target_link_libraries(make_fold_tables PRIVATE mr_common)
set_target_properties(make_fold_tables PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/generated)   # a tool of the build, no program of ours
set(fold_tables ${CMAKE_BINARY_DIR}/generated/fold_tables.inc)
add_custom_command(OUTPUT ${fold_tables}
  COMMAND make_fold_tables ${text_dictionaries} ${fold_tables}
  DEPENDS make_fold_tables ${text_dictionaries} VERBATIM)
add_custom_target(text_tables DEPENDS ${fold_tables})
