/* SPDX-License-Identifier: MIT
 *
 * A parse and all that comes of it.  The text is copied into memory of exactly
 * its size, so that AddressSanitizer sees every byte that is read behind
 * it. */
#ifndef TESTS_UNIT_PARSER_FIXTURE_H
#define TESTS_UNIT_PARSER_FIXTURE_H

#include "base/buffer.h"
#include "parser/parse.h"

struct parsed {
	struct arena arena;
	struct error error;
	struct ast_statement *statement;
	size_t end;
	int result;
	uint8_t *text;
	size_t size;
};

void parsed_init(struct parsed *parsed, struct slice text);
void parsed_init_string(struct parsed *parsed, const char *text);
void parsed_finish(struct parsed *parsed);

/* A copy of exactly the text's size; free() it. */
uint8_t *copy_exactly(struct slice text);

/* The statement as ast_print_statement() has it, NUL-terminated. */
void parsed_print(const struct parsed *parsed, struct buffer *out);

#endif
