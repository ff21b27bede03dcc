# The page's files: `moonmill watch` serves them, a report has their style.
set(WEB page.html page.css page.js run.css report.css)
set(WEB_SOURCE ${CMAKE_BINARY_DIR}/web.c)
list(TRANSFORM WEB PREPEND ${CMAKE_SOURCE_DIR}/web/ OUTPUT_VARIABLE WEB_PATHS)
string(REPLACE ";" ":" WEB_NAMES "${WEB}")
add_custom_command(
    OUTPUT ${WEB_SOURCE}
    COMMAND ${CMAKE_COMMAND} -D OUTPUT=${WEB_SOURCE} -D SYMBOL=web_files
            -D ROOT=${CMAKE_SOURCE_DIR}/web -D FILES=${WEB_NAMES}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS cmake/embed_files.cmake ${WEB_PATHS}
    COMMENT "Embedding the page"
    VERBATIM)
