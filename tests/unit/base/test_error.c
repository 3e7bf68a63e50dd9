/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include "base/utf8.h"

#include "tests/support/unit.h"

TEST(an_error_says_what_where_and_is_returned_negative)
{
	struct error error = ERROR_INIT;

	assert_int_equal(error_at(&error, ERROR_SYNTAX, 12, 3, "no %s", "x"),
			 -ERROR_SYNTAX);
	assert_int_equal(error.code, ERROR_SYNTAX);
	assert_int_equal(error.position, 12);
	assert_int_equal(error.size, 3);
	assert_string_equal(error.message, "no x");
	assert_string_equal(error.hint, "");
	assert_non_null(error.file);
	assert_true(error.line > 0);
}

TEST(an_error_without_a_place_says_so)
{
	struct error error = { 0 };

	assert_int_equal(error_set(&error, ERROR_IO, "gone"), -ERROR_IO);
	assert_int_equal(error.position, ERROR_NO_POSITION);
}

TEST(nobody_needs_to_listen)
{
	assert_int_equal(error_set(NULL, ERROR_FULL, "x"), -ERROR_FULL);
	error_hint(NULL, "x");
}

TEST(a_new_error_forgets_the_old_hint)
{
	struct error error = ERROR_INIT;

	assert_int_equal(error_set(&error, ERROR_IO, "one"), -ERROR_IO);
	error_hint(&error, "try %d", 2);
	assert_string_equal(error.hint, "try 2");
	assert_int_equal(error_set(&error, ERROR_IO, "two"), -ERROR_IO);
	assert_string_equal(error.hint, "");
	error_clear(&error);
	assert_int_equal(error.code, ERROR_NONE);
	assert_int_equal(error.position, ERROR_NO_POSITION);
}

/* Shifts a long text of three-byte characters against the end of the
 * message, so that each way to cut one occurs. */
TEST(a_cut_message_ends_between_characters)
{
	char text[1024];

	for (size_t shift = 0; shift < 3; shift++) {
		struct error error = ERROR_INIT;
		size_t size = shift;

		memset(text, 'a', shift);
		while (size + 3 < sizeof(text)) {
			memcpy(text + size, "\xe6\xbc\xa2", 3);
			size += 3;
		}
		text[size] = '\0';
		assert_int_equal(error_set(&error, ERROR_IO, "%s", text),
				 -ERROR_IO);
		size = strlen(error.message);
		assert_true(utf8_is_valid(slice_from_string(error.message)));
		/* All that fits is there: no whole character is dropped. */
		assert_int_equal(size, 511 - (511 - shift) % 3);
		error_hint(&error, "%s", text);
		assert_true(utf8_is_valid(slice_from_string(error.hint)));
		assert_int_equal(strlen(error.hint), 255 - (255 - shift) % 3);
	}
}

TEST(a_message_that_just_fits_stays_whole)
{
	struct error error = ERROR_INIT;
	char text[512];

	memset(text, 'a', 509);
	strcpy(text + 509, "\xc3\xa9");
	assert_int_equal(error_set(&error, ERROR_IO, "%s", text), -ERROR_IO);
	assert_string_equal(error.message, text);
}

UNIT_MAIN()
