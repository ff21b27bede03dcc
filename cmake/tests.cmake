# One program a test file; the rig is what they share. Every test is bounded in time.
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
find_package(Threads REQUIRED)

file(GLOB RIG_SOURCES CONFIGURE_DEPENDS tests/rig/*.c)
if(RIG_SOURCES)
    add_library(rig STATIC ${RIG_SOURCES})
    target_include_directories(rig PUBLIC tests/rig)
    target_compile_definitions(rig PRIVATE TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data"
                                           TEST_BUILD="${CMAKE_BINARY_DIR}")
    target_link_libraries(rig PUBLIC moonmill-core PkgConfig::CMOCKA Threads::Threads)
endif()

file(GLOB UNIT_TESTS CONFIGURE_DEPENDS tests/unit/test_*.c)
foreach(source ${UNIT_TESTS})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_compile_definitions(${name} PRIVATE
        TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data"
        TEST_SOURCE="${CMAKE_SOURCE_DIR}"
        TEST_BUILD="${CMAKE_BINARY_DIR}"
        TEST_VECTORS="${CMAKE_SOURCE_DIR}/../shared/vectors")
    string(REPLACE test_ "" noun ${name})
    if(TARGET moonmill-cli AND EXISTS ${CMAKE_SOURCE_DIR}/src/cli/${noun}.c)
        target_link_libraries(${name} PRIVATE moonmill-cli)
    endif()
    target_link_libraries(${name} PRIVATE rig moonmill-core PkgConfig::CMOCKA)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 120)
endforeach()

# Hostile flows on kernels that grant less.
if(TARGET test_hostile)
    foreach(level no-seccomp lowest)
        add_test(NAME test_hostile_${level} COMMAND test_hostile ${level})
        set_tests_properties(test_hostile_${level} PROPERTIES TIMEOUT 300)
    endforeach()
    set_tests_properties(test_hostile test_heavy PROPERTIES TIMEOUT 300)
endif()

# Every header compiles alone.
file(GLOB HEADERS CONFIGURE_DEPENDS include/*.h src/cli/*.h)
set(ALONE "")
foreach(header ${HEADERS})
    get_filename_component(name ${header} NAME_WE)
    file(WRITE ${CMAKE_BINARY_DIR}/alone/${name}.c.new
         "#include \"${header}\"\nextern int alone_${name};\nint alone_${name};\n")
    file(COPY_FILE ${CMAKE_BINARY_DIR}/alone/${name}.c.new ${CMAKE_BINARY_DIR}/alone/${name}.c
         ONLY_IF_DIFFERENT)
    list(APPEND ALONE ${CMAKE_BINARY_DIR}/alone/${name}.c)
endforeach()
add_library(headers-alone OBJECT ${ALONE})
target_include_directories(headers-alone PRIVATE src/cli)
target_link_libraries(headers-alone PRIVATE moonmill-core)

add_test(NAME layers COMMAND ${CMAKE_COMMAND} -D ROOT=${CMAKE_SOURCE_DIR}
                             -P ${CMAKE_SOURCE_DIR}/tests/layers.cmake)
if(EXISTS ${CMAKE_SOURCE_DIR}/tests/programs.cmake)
    include(tests/programs.cmake)
endif()
