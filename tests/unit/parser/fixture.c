/* SPDX-License-Identifier: MIT */
#include "tests/unit/parser/fixture.h"

#include "parser/ast_print.h"

#include <assert.h>
#include <stdlib.h>

uint8_t *
copy_exactly(struct slice text)
{
	uint8_t *copy = malloc(text.size == 0 ? 1 : text.size);

	assert(copy != NULL);
	if (text.size > 0)
		memcpy(copy, text.data, text.size);
	return copy;
}

void
parsed_init(struct parsed *parsed, struct slice text)
{
	*parsed = (struct parsed){ .error = ERROR_INIT };
	parsed->text = copy_exactly(text);
	parsed->size = text.size;
	parsed->result = parse_statement(slice_make(parsed->text, text.size),
					 &parsed->arena, &parsed->statement,
					 &parsed->end, &parsed->error);
}

void
parsed_init_string(struct parsed *parsed, const char *text)
{
	parsed_init(parsed, slice_from_string(text));
}

void
parsed_finish(struct parsed *parsed)
{
	arena_finish(&parsed->arena);
	free(parsed->text);
}

void
parsed_print(const struct parsed *parsed, struct buffer *out)
{
	buffer_clear(out);
	ast_print_statement(parsed->statement, out);
	buffer_append_byte(out, '\0');
	assert(!out->has_failed);
}
