# The Debian package, made by CPack from the install rules: `./run package`, or `cpack -G DEB` in the build folder. What Debian wants beyond the files stands in packaging/debian/.
#
# SOURCE_DATE_EPOCH is honoured: the same source, compiler and libraries give the same bytes. `./run package` sets it to the date of the newest entry of the changelog.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME millrace)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "Millrace maintainers <maintainers@users.noreply.github.com>")
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_SET_DESTDIR ON)                              # /etc lies outside the prefix
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};millrace;ALL;/" "${CMAKE_BINARY_DIR};millrace;debian;/")

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)                 # the libraries, with their least versions
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, procps")    # the account, where systemd-sysusers is not there; kill, for ExecReload=
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS systemd)           # it runs by hand, too
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bash-completion, prometheus")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "news articles from Kafka through worker stages to Kafka
Millrace watches the news: it reads articles from Kafka as they come (JSON, web
pages, plain text, whole newspaper pages), takes the text out of them,
recognises copies and revisions of what it has seen, says what an article is
about and which names and figures stand in it, and writes enriched records to
Kafka for a warehouse. Articles, duplicates, dead letters and input offsets
leave in one transaction: nothing is lost, nothing is doubled.
.
This package holds the daemon millraced, the workers that it starts, the
command millrace for people, models for Chinese and English news, and systemd
units. Nothing is started before it has been configured.")

# The files that dpkg asks about before it replaces them.
foreach(file ${configuration})
  get_filename_component(name ${file} NAME)
  string(APPEND conffiles "${CMAKE_INSTALL_FULL_SYSCONFDIR}/millrace/${name}\n")
endforeach()
file(WRITE ${staged}/debian/conffiles ${conffiles})
foreach(script postinst prerm postrm)
  configure_file(packaging/debian/${script} ${staged}/debian/${script} COPYONLY)
endforeach()
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${staged}/debian/conffiles ${staged}/debian/postinst ${staged}/debian/prerm ${staged}/debian/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

include(CPack)
