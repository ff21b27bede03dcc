# What `moonmill new` writes, in the order in which it is told.
set(TEMPLATES flows/refund.lua flows/refund_spec.lua fixtures/refund.json fixtures/answers.json
              .luarc.json .luacheckrc stylua.toml)
set(TEMPLATES_SOURCE ${CMAKE_BINARY_DIR}/templates.c)
list(TRANSFORM TEMPLATES PREPEND ${CMAKE_SOURCE_DIR}/templates/ OUTPUT_VARIABLE TEMPLATE_PATHS)
string(REPLACE ";" ":" TEMPLATE_NAMES "${TEMPLATES}")
add_custom_command(
    OUTPUT ${TEMPLATES_SOURCE}
    COMMAND ${CMAKE_COMMAND} -D OUTPUT=${TEMPLATES_SOURCE} -D SYMBOL=new_files
            -D ROOT=${CMAKE_SOURCE_DIR}/templates -D FILES=${TEMPLATE_NAMES}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS cmake/embed_files.cmake ${TEMPLATE_PATHS}
    COMMENT "Embedding what moonmill new writes"
    VERBATIM)
