# One libFuzzer program a file; each has a corpus in tests/fuzz/corpus/<name>.
file(GLOB FUZZ_TARGETS CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
foreach(source ${FUZZ_TARGETS})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_compile_definitions(${name} PRIVATE TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data")
    target_link_libraries(${name} PRIVATE moonmill-cli moonmill-core)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endforeach()
