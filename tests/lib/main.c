/* SPDX-License-Identifier: GPL-3.0-or-later
 * Runs one suite: the CU_TestInfo array that SW_SUITE names. */
#include <CUnit/Basic.h>
#include <stdio.h>

extern CU_TestInfo SW_SUITE[];

int main(void)
{
    static char name[] = SW_SUITE_NAME;
    CU_SuiteInfo suites[] = {
        { name, NULL, NULL, NULL, NULL, SW_SUITE },
        CU_SUITE_INFO_NULL,
    };
    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS) {
        (void)fprintf(stderr, "%s: %s\n", name, CU_get_error_msg());
        return 2;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    const unsigned failed = CU_get_number_of_failures();
    const unsigned run = CU_get_number_of_tests_run();
    CU_cleanup_registry();
    return failed == 0 && run > 0 ? 0 : 1;
}
