# Compiles lua/prelude/*.lua to bytecode with the very Lua that will load it, and embeds the result.
file(GLOB PRELUDE_FILES CONFIGURE_DEPENDS lua/prelude/*.lua)
set(PRELUDE_SOURCE ${CMAKE_BINARY_DIR}/prelude.c)

add_executable(embed-prelude cmake/embed_prelude.c)
target_link_libraries(embed-prelude PRIVATE PkgConfig::LUA)
add_custom_command(
    OUTPUT ${PRELUDE_SOURCE}
    COMMAND ${CMAKE_COMMAND} -E env ASAN_OPTIONS=detect_leaks=0
            $<TARGET_FILE:embed-prelude> ${PRELUDE_SOURCE} ${PRELUDE_FILES}
    DEPENDS embed-prelude ${PRELUDE_FILES}
    COMMENT "Embedding the Lua prelude"
    VERBATIM)
