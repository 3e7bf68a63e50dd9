/* SPDX-License-Identifier: MIT
 *
 * cmocka with less ceremony: TEST(a_sentence_that_states_a_fact) { … } is all
 * there is to write; UNIT_MAIN() at the file's end runs every TEST of the
 * file.  Output is TAP when CMOCKA_MESSAGE_OUTPUT=TAP. */
#ifndef TESTS_SUPPORT_UNIT_H
#define TESTS_SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { UNIT_TESTS_MAX = 256 };

static struct CMUnitTest unit_tests[UNIT_TESTS_MAX];
static size_t unit_test_count;

#define TEST(fact)                                                       \
	static void fact(void **state);                                  \
	__attribute__((constructor)) static void unit_register_##fact(void) \
	{                                                                \
		unit_tests[unit_test_count++] =                          \
			(struct CMUnitTest){ #fact, fact, NULL, NULL, NULL }; \
	}                                                                \
	static void fact(__attribute__((unused)) void **state)

#define UNIT_MAIN()                                                      \
	int main(void)                                                   \
	{                                                                \
		return _cmocka_run_group_tests(__FILE__, unit_tests,     \
					       unit_test_count, NULL, NULL); \
	}

#endif
