# The zips, made and run. The libraries are built once (build/package), by far the longest part.
# What is not to be had here (a registry, namespaces) is told, and the test skipped.
set(PACKAGE_TESTS ${CMAKE_SOURCE_DIR}/tests/package)
foreach(arch x86_64 arm64)
    add_test(NAME package_${arch}
             COMMAND sh ${CMAKE_SOURCE_DIR}/deploy/package.sh --arch ${arch})
    set_tests_properties(package_${arch} PROPERTIES
        ENVIRONMENT "PACKAGE_TOOLS=${CMAKE_BINARY_DIR};PACKAGE_DIST=${CMAKE_BINARY_DIR}/dist"
        FIXTURES_SETUP zip_${arch}
        RESOURCE_LOCK package PROCESSORS 2 TIMEOUT 1500 SKIP_RETURN_CODE 3)
    add_test(NAME empty_root_${arch} COMMAND ${PYTHON3} -B ${PACKAGE_TESTS}/empty_root.py
             ${CMAKE_BINARY_DIR}/dist/moonmill-${PROJECT_VERSION}-${arch}.zip)
    set_tests_properties(empty_root_${arch} PROPERTIES FIXTURES_REQUIRED zip_${arch} TIMEOUT 300
                         SKIP_RETURN_CODE 77)
endforeach()
# as long again as the other: apart (./dev test-arm64)
set_tests_properties(package_arm64 empty_root_arm64 PROPERTIES LABELS arm64)
add_test(NAME package_refuses COMMAND sh ${PACKAGE_TESTS}/refuses.sh)
set_tests_properties(package_refuses PROPERTIES ENVIRONMENT PACKAGE_TOOLS=${CMAKE_BINARY_DIR}
                     FIXTURES_REQUIRED zip_x86_64 RESOURCE_LOCK package TIMEOUT 120)

# deploy/: linters and an emulator of AWS from a package registry, installed at the first run.
add_test(NAME deploy_templates COMMAND ${PYTHON3} -B ${CMAKE_SOURCE_DIR}/tests/deploy/templates.py)
add_test(NAME deploy_emulated COMMAND ${PYTHON3} -B ${CMAKE_SOURCE_DIR}/tests/deploy/emulated.py
         ${CMAKE_BINARY_DIR}/dist/moonmill-${PROJECT_VERSION}-x86_64.zip)
set_tests_properties(deploy_templates deploy_emulated PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600
                     RESOURCE_LOCK deploy_tools)
set_tests_properties(deploy_emulated PROPERTIES FIXTURES_REQUIRED zip_x86_64)
