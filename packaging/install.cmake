# What `cmake --install` puts where, and the Debian package made of the same files by CPack (`./run package`). tests/static/test_package.py holds the list of files.
#
# The default prefix is /usr (CMakeLists.txt): then /etc and /var are the machine's own and the units fit as they are. With another prefix the units, the manual pages
# and the programs name that one.

include(GNUInstallDirs)
set(unit_dir ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
set(sysusers_dir ${CMAKE_INSTALL_PREFIX}/lib/sysusers.d)
set(tmpfiles_dir ${CMAKE_INSTALL_PREFIX}/lib/tmpfiles.d)

# ---- files that name folders ----

# installed_text FROM TO: a copy with this installation's folders in the place of Debian's.
function(installed_text from to)
  file(READ ${from} text)
  string(REPLACE "/usr/bin/" "${CMAKE_INSTALL_FULL_BINDIR}/" text "${text}")
  string(REPLACE "/usr/share/doc/millrace" "${CMAKE_INSTALL_FULL_DOCDIR}" text "${text}")
  string(REPLACE "/etc/millrace" "${CMAKE_INSTALL_FULL_SYSCONFDIR}/millrace" text "${text}")
  file(CONFIGURE OUTPUT ${to} CONTENT "${text}" @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${from})
endfunction()

set(staged ${CMAKE_BINARY_DIR}/install)
foreach(unit millraced.service millrace-worker@.service millrace.target)
  installed_text(${CMAKE_SOURCE_DIR}/systemd/${unit} ${staged}/${unit})
  list(APPEND units ${staged}/${unit})
endforeach()
installed_text(${CMAKE_SOURCE_DIR}/systemd/millrace.tmpfiles ${staged}/tmpfiles.d/millrace.conf)
installed_text(${CMAKE_SOURCE_DIR}/systemd/millrace.sysusers ${staged}/sysusers.d/millrace.conf)

# ---- manual pages ----
# Made from the programs' --help, conf/millrace.conf and docs/ by packaging/man.py, so that nothing is said twice. Python's standard library is needed for them alone: without it (and in
# builds with sanitizers or for another machine, whose programs cannot be asked here) the programs are built and installed without pages; a package needs them.
find_package(Python3 COMPONENTS Interpreter QUIET)
find_program(GZIP gzip)
set(man_pages millraced.8 millrace-worker.8 millrace.1 millrace.conf.5 millrace-record.5 millrace-protocol.7)
if(Python3_FOUND AND GZIP AND NOT CMAKE_CROSSCOMPILING AND NOT MILLRACE_SANITIZE AND NOT MILLRACE_FUZZ)
  set(MILLRACE_MAN TRUE)
  foreach(page ${man_pages})
    set(page_sources ${CMAKE_SOURCE_DIR}/packaging/man.py ${CMAKE_SOURCE_DIR}/packaging/man/${page}.md ${CMAKE_SOURCE_DIR}/packaging/debian/changelog)
    if(page STREQUAL "millrace.conf.5")
      list(APPEND page_sources ${CMAKE_SOURCE_DIR}/conf/millrace.conf)
    elseif(page STREQUAL "millrace-record.5")
      list(APPEND page_sources ${CMAKE_SOURCE_DIR}/docs/record.md)
    elseif(page STREQUAL "millrace-protocol.7")
      list(APPEND page_sources ${CMAKE_SOURCE_DIR}/docs/protocol.md)
    else()
      list(APPEND page_sources millraced millrace-worker millrace ${CMAKE_SOURCE_DIR}/docs/operations.md)
    endif()
    add_custom_command(OUTPUT ${staged}/man/${page} ${staged}/man/${page}.gz
      COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/packaging/man.py --programs ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} --version ${PROJECT_VERSION} ${page} ${staged}/man/${page}
      COMMAND ${GZIP} -9nkf ${staged}/man/${page}
      DEPENDS ${page_sources} VERBATIM)
    list(APPEND man_made ${staged}/man/${page}.gz)
  endforeach()
  add_custom_target(man ALL DEPENDS ${man_made})
endif()

# ---- where everything goes ----

install(TARGETS millraced millrace-worker millrace RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${units} DESTINATION ${unit_dir})
install(FILES ${staged}/sysusers.d/millrace.conf DESTINATION ${sysusers_dir})
install(FILES ${staged}/tmpfiles.d/millrace.conf DESTINATION ${tmpfiles_dir})

file(GLOB configuration CONFIGURE_DEPENDS conf/*.conf)
install(FILES ${configuration} DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/millrace)
install(DIRECTORY DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/millrace/conf.d)

# All else of conf/ is read by the programs or by other people's: models, word lists, schemas, the demo feed, rules for Prometheus; the texts for training are not installed.
file(GLOB shipped CONFIGURE_DEPENDS conf/*)
list(REMOVE_ITEM shipped ${configuration} ${CMAKE_SOURCE_DIR}/conf/training)
foreach(item ${shipped})
  if(IS_DIRECTORY ${item})
    install(DIRECTORY ${item} DESTINATION ${CMAKE_INSTALL_DATADIR}/millrace PATTERN "*.md" EXCLUDE PATTERN "*.svg" EXCLUDE)
  else()
    install(FILES ${item} DESTINATION ${CMAKE_INSTALL_DATADIR}/millrace)
  endif()
endforeach()
file(GLOB documents CONFIGURE_DEPENDS README*.md docs/*.md docs/*.svg conf/models/*.md conf/models/*.svg)
install(FILES ${documents} DESTINATION ${CMAKE_INSTALL_DOCDIR})
# bash looks for a file of the program's own name
install(FILES packaging/completion.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME millrace)
foreach(program millraced millrace-worker)
  file(MAKE_DIRECTORY ${staged}/completions)
  file(CREATE_LINK millrace ${staged}/completions/${program} SYMBOLIC)
  install(FILES ${staged}/completions/${program} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
endforeach()
if(MILLRACE_MAN)
  foreach(page ${man_pages})
    string(REGEX MATCH ".$" section ${page})
    install(FILES ${staged}/man/${page}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
  endforeach()
endif()

# ---- the Debian package ----
# Component `debian`: what only a package has, so that `cmake --install` leaves it out.
if(GZIP)
  add_custom_command(OUTPUT ${staged}/changelog.gz
    COMMAND ${GZIP} -9nc ${CMAKE_SOURCE_DIR}/packaging/debian/changelog >${staged}/changelog.gz
    DEPENDS packaging/debian/changelog)
  add_custom_target(changelog ALL DEPENDS ${staged}/changelog.gz)
  install(FILES ${staged}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT debian EXCLUDE_FROM_ALL)
endif()
install(FILES packaging/debian/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES packaging/debian/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME millrace COMPONENT debian EXCLUDE_FROM_ALL)
