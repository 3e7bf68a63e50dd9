/* SPDX-License-Identifier: MIT */
#include "types/inet.h"

#include <arpa/inet.h>
#include <assert.h>

enum { INET4_SIZE = 4, INET6_SIZE = 16 };

/* Host names, which Java would look up, are no addresses here. */
int
inet_parse_value(const struct type *type, enum literal_kind kind,
		 struct slice text, struct buffer *out, struct error *error)
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t bytes[INET6_SIZE];

	(void)type;
	(void)kind;
	if (text.size == 0 || text.size >= sizeof(copy) ||
	    memchr(text.data, '\0', text.size) != NULL)
		goto refuse;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	if (inet_pton(AF_INET, copy, bytes) == 1)
		buffer_append(out, bytes, INET4_SIZE);
	else if (inet_pton(AF_INET6, copy, bytes) == 1)
		buffer_append(out, bytes, INET6_SIZE);
	else
		goto refuse;
	return 0;
refuse:
	return error_set(error, ERROR_INVALID,
			 "Unable to make inet address from '%.*s'",
			 SLICE_ARGUMENTS(text));
}

int
inet_validate_value(const struct type *type, struct slice value,
		    struct error *error)
{
	(void)type;
	if (value.size == INET4_SIZE || value.size == INET6_SIZE)
		return 0;
	return error_set(error, ERROR_INVALID,
			 "expected 4 or 16 bytes for a value of type inet, "
			 "got %zu", value.size);
}

void
inet_print_value(const struct type *type, struct slice value,
		 struct print_style style, struct buffer *out)
{
	uint8_t quote = print_style_quote(style, true);
	char text[INET6_ADDRSTRLEN];
	const char *printed;

	(void)type;
	printed = inet_ntop(value.size == INET4_SIZE ? AF_INET : AF_INET6,
			    value.data, text, sizeof(text));
	assert(printed != NULL);
	print_style_append(quote, out);
	buffer_append_string(out, printed);
	print_style_append(quote, out);
}
