# What moonmill sends, takes, keeps and shows, by programs that speak to it (tests/wire).
find_program(PYTHON3 python3 REQUIRED)

function(add_wire_test name)
    add_test(NAME wire_${name} COMMAND ${PYTHON3} -B ${CMAKE_SOURCE_DIR}/tests/wire/test_${name}.py
                                       --program $<TARGET_FILE:moonmill>)
    set_tests_properties(wire_${name} PROPERTIES TIMEOUT 600)
endfunction()

add_wire_test(sink)
add_wire_test(callbacks)
add_wire_test(replay)
# A third party's validator, installed at the first run; without a registry skipped, with the reason.
add_wire_test(schema)
set_tests_properties(wire_schema PROPERTIES SKIP_RETURN_CODE 77)
