/* SPDX-License-Identifier: MIT
 *
 * The name and shape that libFuzzer and AFL++ know. */
#ifndef TESTS_FUZZ_PARSER_FUZZ_H
#define TESTS_FUZZ_PARSER_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
