/* SPDX-License-Identifier: MIT
 *
 * Every form of every statement, in the words in which it is printed: what is
 * printed is what was read, and the fuzzing tests begin from here. */
#ifndef TESTS_UNIT_PARSER_STATEMENTS_H
#define TESTS_UNIT_PARSER_STATEMENTS_H

/* NULL behind the last. */
extern const char *const statements[];

#endif
