# The commit that --version tells; ./dev package says which, a build in a clone asks git.
if(NOT MOONMILL_COMMIT)
    execute_process(COMMAND git describe --always --dirty --exclude=* --abbrev=12
                    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
                    OUTPUT_VARIABLE COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(NOT COMMIT)
        set(COMMIT unknown)
    endif()
else()
    set(COMMIT ${MOONMILL_COMMIT})
endif()
set_source_files_properties(src/version.c PROPERTIES
                            COMPILE_DEFINITIONS "MOONMILL_COMMIT=\"${COMMIT}\"")
