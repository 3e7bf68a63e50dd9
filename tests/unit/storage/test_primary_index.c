/* SPDX-License-Identifier: MIT */
#include "storage/primary_index.h"

#include "tests/support/unit.h"

TEST(an_empty_index_finds_nothing)
{
	struct primary_index *index = primary_index_create();
	struct index_entry entry;

	assert_non_null(index);
	assert_false(primary_index_find(index, 0, 0, &entry));
	assert_int_equal(primary_index_count(index), 0);
	primary_index_check(index);
	primary_index_destroy(index);
}

UNIT_MAIN()
