# Writes files into a C array under their paths in a folder, byte for byte.
# cmake -D OUTPUT=x.c -D SYMBOL=name -D ROOT=folder -D FILES=a:b:c -P embed_files.cmake
# declares: const struct embedded_file name[] (src/cli/embedded.h), which ends with a NULL path.
string(REPLACE ":" ";" paths "${FILES}")
set(arrays "")
set(entries "")
set(n 0)
foreach(path ${paths})
    file(READ ${ROOT}/${path} hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "(................................................................................)"
           "\\1\n" bytes "${bytes}")
    string(APPEND arrays "static const unsigned char file_${n}[] = {\n${bytes}};\n")
    string(APPEND entries "    {\"${path}\", file_${n}, sizeof file_${n}},\n")
    math(EXPR n "${n} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"embedded.h\"\n${arrays}"
     "const struct embedded_file ${SYMBOL}[] = {\n${entries}    {NULL, NULL, 0},\n};\n")
