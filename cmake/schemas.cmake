# What `moonmill schema` prints, in the order in which it is listed.
set(SCHEMAS callback.json event.json job.json response.json)
set(SCHEMAS_SOURCE ${CMAKE_BINARY_DIR}/schemas.c)
list(TRANSFORM SCHEMAS PREPEND ${CMAKE_SOURCE_DIR}/schemas/ OUTPUT_VARIABLE SCHEMA_PATHS)
string(REPLACE ";" ":" SCHEMA_NAMES "${SCHEMAS}")
add_custom_command(
    OUTPUT ${SCHEMAS_SOURCE}
    COMMAND ${CMAKE_COMMAND} -D OUTPUT=${SCHEMAS_SOURCE} -D SYMBOL=schema_files
            -D ROOT=${CMAKE_SOURCE_DIR}/schemas -D FILES=${SCHEMA_NAMES}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS cmake/embed_files.cmake ${SCHEMA_PATHS}
    COMMENT "Embedding the schemas of the wire"
    VERBATIM)
