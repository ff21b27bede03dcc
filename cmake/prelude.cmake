# Compiles the embedded Lua to bytecode with the very Lua that will load it, and makes C of it:
# lua/prelude for every program, lua/developer for the developer's program alone.
# For another machine the tool is one of this machine's (./dev package): bytecode is the same for both.
if(CMAKE_CROSSCOMPILING)
    add_executable(embed-prelude IMPORTED)
    set_target_properties(embed-prelude PROPERTIES IMPORTED_LOCATION ${MOONMILL_EMBED_PRELUDE})
else()
    add_executable(embed-prelude cmake/embed_prelude.c)
    target_link_libraries(embed-prelude PRIVATE PkgConfig::LUA)
endif()

# embed_lua(OUTPUT SYMBOL FILE...)
function(embed_lua output symbol)
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -E env ASAN_OPTIONS=detect_leaks=0
                $<TARGET_FILE:embed-prelude> $<$<BOOL:${MOONMILL_COVERAGE}>:--lines> ${output}
                ${symbol} ${ARGN}
        DEPENDS embed-prelude ${ARGN}
        COMMENT "Embedding ${symbol}"
        COMMAND_EXPAND_LISTS
        VERBATIM)
endfunction()

file(GLOB PRELUDE_FILES CONFIGURE_DEPENDS lua/prelude/*.lua)
set(PRELUDE_SOURCE ${CMAKE_BINARY_DIR}/prelude.c)
embed_lua(${PRELUDE_SOURCE} prelude_files ${PRELUDE_FILES})

file(GLOB DEVELOPER_FILES CONFIGURE_DEPENDS lua/developer/*.lua)
set(DEVELOPER_SOURCE ${CMAKE_BINARY_DIR}/developer_prelude.c)
embed_lua(${DEVELOPER_SOURCE} developer_prelude_files ${DEVELOPER_FILES})
