/* SPDX-License-Identifier: MIT */
#include "types/inet.h"

#include "tests/unit/types/literal.h"

#include "tests/support/unit.h"

TEST(addresses_print_in_their_shortest_form)
{
	static const struct {
		const char *text, *printed;
	} rows[] = {
		{ "127.0.0.1", "127.0.0.1" },
		{ "0:0:0:0:0:0:0:1", "::1" },
		{ "::", "::" },
		{ "2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "fe80:0:0:0:1:2:3:4", "fe80::1:2:3:4" },
		{ "::ffff:1.2.3.4", "::ffff:1.2.3.4" },
	};
	struct arena arena = { 0 };
	const struct type *type = type_native(TYPE_INET);

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct buffer out = { 0 };

		assert_int_equal(value_parse(type, LITERAL_STRING,
					     slice_from_string(rows[i].text),
					     &out, NULL), 0);
		assert_string_equal(literal_print(&arena, type,
						  buffer_slice(&out),
						  VALUE_TEXT),
				    rows[i].printed);
		buffer_finish(&out);
	}
	arena_finish(&arena);
}

TEST(what_is_no_address_is_refused)
{
	static const struct slice rows[] = {
		SLICE_LITERAL(""), SLICE_LITERAL("localhost"),
		SLICE_LITERAL("1.2.3"), SLICE_LITERAL("256.1.1.1"),
		SLICE_LITERAL("1.2.3.4 "), SLICE_LITERAL("::1%eth0"),
		SLICE_LITERAL("1.2.3.4\0"), SLICE_LITERAL(":::"),
		SLICE_LITERAL("1:2:3:4:5:6:7:8:9"),
		SLICE_LITERAL("0000:0000:0000:0000:0000:0000:0000:0000:0000:"
			      "0000"),
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct buffer out = { 0 };
		struct error error = ERROR_INIT;

		assert_int_equal(value_parse(type_native(TYPE_INET),
					     LITERAL_STRING, rows[i], &out,
					     &error), -ERROR_INVALID);
		assert_memory_equal(error.message,
				    "Unable to make inet address from '", 34);
		buffer_finish(&out);
	}
}

UNIT_MAIN()
