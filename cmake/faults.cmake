# Delivery under fire: the real bootstrap between APIs that fail by script (tests/faults).
find_program(PYTHON3 python3 REQUIRED)
set(FAULTS ${CMAKE_SOURCE_DIR}/tests/faults)

# add_faults_test(NAME SCRIPT [ARGUMENT...]): two processors, for many programs run at once in it.
function(add_faults_test name script)
    add_test(NAME ${name} COMMAND ${PYTHON3} -B ${FAULTS}/${script} ${ARGN})
    set_tests_properties(${name} PROPERTIES TIMEOUT 400 PROCESSORS 2)
endfunction()

add_faults_test(faults_laws test_laws.py)
add_faults_test(faults_duplicates test_duplicates.py --program $<TARGET_FILE:bootstrap>)
add_faults_test(faults run.py --seeds 1-200 --program $<TARGET_FILE:bootstrap>)
add_faults_test(faults_crash crash.py --kills 200 --program $<TARGET_FILE:bootstrap>)
# A third party's SQS emulator, installed at the first run; without a registry skipped, with the reason.
add_faults_test(faults_queue real_queue.py --program $<TARGET_FILE:bootstrap>)
set_tests_properties(faults_queue PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600)
