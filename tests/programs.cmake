# Tests of the two programs as a user runs them.
if(TARGET bootstrap)
    add_executable(soak tests/soak.c)
    target_compile_definitions(soak PRIVATE SOAK_PROGRAM="$<TARGET_FILE:bootstrap>"
                                            TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data")
    target_link_libraries(soak PRIVATE rig moonmill-core)
    set_target_properties(soak PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
    add_test(NAME soak_short COMMAND soak 100)
    set_tests_properties(soak_short PROPERTIES TIMEOUT 120)
    include(cmake/faults.cmake)
    include(cmake/package_tests.cmake)
    foreach(source ${UNIT_TESTS}) # many start it
        get_filename_component(name ${source} NAME_WE)
        add_dependencies(${name} bootstrap)
    endforeach()
endif()
if(TARGET moonmill)
    include(cmake/wire.cmake)
    foreach(shell bash zsh fish) # one that is not installed is reported as skipped
        add_test(NAME completion_${shell} COMMAND sh ${CMAKE_SOURCE_DIR}/tests/completion.sh
                                                  $<TARGET_FILE:moonmill> ${shell})
        set_tests_properties(completion_${shell} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
    endforeach()
    foreach(script cli event)
        add_test(NAME ${script} COMMAND python3 -B ${CMAKE_SOURCE_DIR}/tests/${script}.py
                                        $<TARGET_FILE:moonmill>)
        set_tests_properties(${script} PROPERTIES TIMEOUT 300
                             WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    endforeach()
    # docs/cli.md is what the tables say; after a change: moonmill help --markdown > docs/cli.md
    add_test(NAME cli_reference COMMAND sh -c "$<TARGET_FILE:moonmill> help --markdown |
                                               diff -u ${CMAKE_SOURCE_DIR}/docs/cli.md -")
    # The developer's commands as their users run them, and the pages: tests/<name>.sh.
    foreach(command replay graph check spec docs authors new doctor)
        add_test(NAME ${command} COMMAND sh ${CMAKE_SOURCE_DIR}/tests/${command}.sh
                                         $<TARGET_FILE:moonmill>)
        set_tests_properties(${command} PROPERTIES TIMEOUT 300
                             WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    endforeach()
    # The page and the report in a real Chromium; pictures in build/*/browser.
    add_test(NAME browser COMMAND ${PYTHON3} -B ${CMAKE_SOURCE_DIR}/tests/browser/run.py
                                  $<TARGET_FILE:moonmill> ${CMAKE_BINARY_DIR}/browser)
    set_tests_properties(browser PROPERTIES TIMEOUT 120 LABELS browser SKIP_RETURN_CODE 77)
    foreach(about watch page aws_cli)
        add_test(NAME ${about} COMMAND ${PYTHON3} -B ${CMAKE_SOURCE_DIR}/tests/watch/test_${about}.py
                                       $<TARGET_FILE:moonmill>)
        set_tests_properties(${about} PROPERTIES TIMEOUT 300)
    endforeach()
    # The AWS CLI is installed at the first run; without a registry skipped, with the reason.
    set_tests_properties(aws_cli PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600)
endif()
# Passing an unverified job where claims are wanted must not compile.
add_test(NAME unverified_job_does_not_compile
    COMMAND sh -c "! ${CMAKE_C_COMPILER} -std=c17 -D_GNU_SOURCE -Werror -fsyntax-only -I${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/tests/unverified_job.c && ${CMAKE_C_COMPILER} -std=c17 -D_GNU_SOURCE -Werror -fsyntax-only -DVERIFIED -I${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/tests/unverified_job.c")
