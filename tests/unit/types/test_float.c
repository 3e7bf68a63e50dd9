/* SPDX-License-Identifier: MIT */
#include "types/float.h"

#include "base/pack.h"
#include "tests/unit/types/literal.h"

#include "tests/support/unit.h"

/* Type, constant, as cqlsh shows it, in the shortest form. */
static const struct {
	enum type_kind kind;
	const char *text, *display, *shortest;
} rows[] = {
	{ TYPE_DOUBLE, "3.14159265358979", "3.14159", "3.14159265358979" },
	{ TYPE_DOUBLE, "1e10", "1e+10", "10000000000.0" },
	{ TYPE_DOUBLE, "100000.0", "1e+05", "100000.0" },
	{ TYPE_DOUBLE, "99999.0", "99999", "99999.0" },
	{ TYPE_DOUBLE, "99999.999999", "100000", "99999.999999" },
	{ TYPE_DOUBLE, "123456.789", "1.2346e+05", "123456.789" },
	{ TYPE_DOUBLE, "12345.678901234", "12345.6789", "12345.678901234" },
	{ TYPE_DOUBLE, "0", "0", "0.0" },
	{ TYPE_DOUBLE, "-0.0", "-0", "-0.0" },
	{ TYPE_DOUBLE, "7", "7", "7.0" },
	{ TYPE_DOUBLE, "1.", "1", "1.0" },
	{ TYPE_DOUBLE, "1.e5", "1e+05", "100000.0" },
	{ TYPE_DOUBLE, "1E-5", "1e-05", "1e-05" },
	/* The exponent that decides is cut towards zero: two digits here. */
	{ TYPE_DOUBLE, "0.0000123456", "1.2e-05", "1.23456e-05" },
	{ TYPE_DOUBLE, "0.000123456", "0.000123", "0.000123456" },
	{ TYPE_DOUBLE, "0.5432109876", "0.543211", "0.5432109876" },
	{ TYPE_DOUBLE, "1e15", "1e+15", "1000000000000000.0" },
	{ TYPE_DOUBLE, "1e16", "1e+16", "1e+16" },
	{ TYPE_DOUBLE, "0.1", "0.1", "0.1" },
	{ TYPE_DOUBLE, "0.30000000000000004", "0.3", "0.30000000000000004" },
	{ TYPE_DOUBLE, "1.7976931348623157e308", "1.7977e+308",
	  "1.7976931348623157e+308" },
	{ TYPE_DOUBLE, "5e-324", "4.9407e-324", "5e-324" },
	{ TYPE_DOUBLE, "2.2250738585072014e-308", "2.2251e-308",
	  "2.2250738585072014e-308" },
	{ TYPE_DOUBLE, "1e-400", "0", "0.0" },
	{ TYPE_DOUBLE, "NaN", "NaN", "NaN" },
	{ TYPE_DOUBLE, "-nan", "NaN", "NaN" },
	{ TYPE_DOUBLE, "INFINITY", "Infinity", "Infinity" },
	{ TYPE_DOUBLE, "-Infinity", "-Infinity", "-Infinity" },
	{ TYPE_FLOAT, "0.1", "0.1", "0.1" },
	{ TYPE_FLOAT, "16777216", "1.6777e+07", "16777216.0" },
	{ TYPE_FLOAT, "3.4028235e38", "3.4028e+38", "3.4028235e+38" },
	{ TYPE_FLOAT, "1e-45", "1.4013e-45", "1e-45" },
	{ TYPE_FLOAT, "1.17549435e-38", "1.1755e-38", "1.1754944e-38" },
};

TEST(numbers_look_as_in_cqlsh_or_are_as_short_as_can_be)
{
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct type *type = type_native(rows[i].kind);
		struct buffer out = { 0 };

		assert_int_equal(value_parse(type, LITERAL_FLOAT,
					     slice_from_string(rows[i].text),
					     &out, NULL), 0);
		assert_string_equal(literal_print(&arena, type,
						  buffer_slice(&out),
						  VALUE_DISPLAY),
				    rows[i].display);
		assert_string_equal(literal_print(&arena, type,
						  buffer_slice(&out),
						  VALUE_LITERAL),
				    rows[i].shortest);
		buffer_finish(&out);
	}
	arena_finish(&arena);
}

TEST(a_float_is_rounded_once)
{
	/* Half way between two floats but for its last digit, which a detour
	 * by way of double would lose. */
	struct buffer out = { 0 };

	assert_int_equal(value_parse(type_native(TYPE_FLOAT), LITERAL_FLOAT,
				     SLICE("1.00000005960464477540"), &out,
				     NULL), 0);
	assert_int_equal(load_u32_be(out.data), 0x3f800001);
	buffer_finish(&out);
}

TEST(what_is_no_number_is_refused)
{
	static const struct {
		enum type_kind kind;
		enum literal_kind literal;
		const char *text, *message;
	} wrong[] = {
		{ TYPE_DOUBLE, LITERAL_FLOAT, "1e400",
		  "Unable to make double from '1e400'" },
		{ TYPE_FLOAT, LITERAL_FLOAT, "-1e39",
		  "Unable to make float from '-1e39'" },
		{ TYPE_FLOAT, LITERAL_FLOAT, "0x1p3",
		  "Unable to make float from '0x1p3'" },
		{ TYPE_FLOAT, LITERAL_FLOAT, ".5",
		  "Unable to make float from '.5'" },
		{ TYPE_FLOAT, LITERAL_FLOAT, "1e",
		  "Unable to make float from '1e'" },
		{ TYPE_FLOAT, LITERAL_FLOAT, "1e+",
		  "Unable to make float from '1e+'" },
		{ TYPE_FLOAT, LITERAL_FLOAT, " 1",
		  "Unable to make float from ' 1'" },
		{ TYPE_FLOAT, LITERAL_FLOAT, "1,5",
		  "Unable to make float from '1,5'" },
		{ TYPE_FLOAT, LITERAL_FLOAT, "inf",
		  "Unable to make float from 'inf'" },
		{ TYPE_FLOAT, LITERAL_FLOAT, "",
		  "Unable to make float from ''" },
		{ TYPE_FLOAT, LITERAL_FLOAT, "-",
		  "Unable to make float from '-'" },
		{ TYPE_FLOAT, LITERAL_INTEGER, "NaN",
		  "Unable to make float from 'NaN'" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		struct error error = ERROR_INIT;
		struct buffer out = { 0 };

		assert_int_equal(value_parse(type_native(wrong[i].kind),
					     wrong[i].literal,
					     slice_from_string(wrong[i].text),
					     &out, &error), -ERROR_INVALID);
		assert_string_equal(error.message, wrong[i].message);
		assert_int_equal(out.size, 0);
		buffer_finish(&out);
	}
}

TEST(long_constants_are_read_to_their_end)
{
	char text[3000];
	struct buffer out = { 0 };
	struct arena arena = { 0 };
	const struct type *type = type_native(TYPE_DOUBLE);

	memset(text, '0', sizeof(text));
	memcpy(text, "1.5", 3);
	memcpy(text + sizeof(text) - 3, "1e1", 3);
	assert_int_equal(value_parse(type, LITERAL_FLOAT,
				     slice_make(text, sizeof(text)), &out,
				     NULL), 0);
	assert_string_equal(literal_print(&arena, type, buffer_slice(&out),
					  VALUE_LITERAL), "15.0");
	buffer_finish(&out);
	arena_finish(&arena);
}

static void
assert_reads_back(struct arena *arena, const struct type *type,
		  struct slice value)
{
	const char *text = literal_print(arena, type, value, VALUE_LITERAL);
	struct buffer out = { 0 };

	assert_int_equal(value_parse(type, LITERAL_FLOAT,
				     slice_from_string(text), &out, NULL), 0);
	if (value_compare(type, value, buffer_slice(&out)) != 0)
		fail_msg("%s doesn't read back", text);
	buffer_finish(&out);
}

TEST(random_bits_read_back)
{
	uint64_t seed = 42;
	struct arena arena = { 0 };

	for (int i = 0; i < 20000; i++) {
		uint8_t bytes[8];

		seed = seed * UINT64_C(6364136223846793005) +
			UINT64_C(1442695040888963407);
		store_u64_be(bytes, seed ^ seed >> 29);
		assert_reads_back(&arena, type_native(TYPE_DOUBLE),
				  slice_make(bytes, 8));
		assert_reads_back(&arena, type_native(TYPE_FLOAT),
				  slice_make(bytes, 4));
		arena_clear(&arena);
	}
	arena_finish(&arena);
}

UNIT_MAIN()
