/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdalign.h>

#include "tests/support/unit.h"

TEST(allocations_are_zeroed_aligned_and_apart)
{
	struct arena arena = { 0 };
	uint8_t *earlier[200];

	for (size_t i = 0; i < 200; i++) {
		size_t size = i * 7 % 300 + 1;
		uint8_t *memory = arena_allocate(&arena, size);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
		for (size_t j = 0; j < size; j++)
			assert_int_equal(memory[j], 0);
		memset(memory, (int)i, size);
		earlier[i] = memory;
	}
	for (size_t i = 0; i < 200; i++)
		assert_int_equal(earlier[i][i * 7 % 300], i);
	arena_finish(&arena);
}

TEST(a_cleared_arena_gives_zeroes_again)
{
	struct arena arena = { 0 };
	uint8_t *memory = arena_allocate(&arena, 100);

	memset(memory, 0xff, 100);
	arena_clear(&arena);
	memory = arena_allocate(&arena, 100);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(memory[i], 0);
	arena_finish(&arena);
}

TEST(a_large_allocation_gets_its_own_room)
{
	struct arena arena = { 0 };
	uint8_t *large = arena_allocate_bytes(&arena, 3 << 20);

	assert_non_null(large);
	large[0] = large[(3 << 20) - 1] = 1;
	assert_non_null(arena_allocate(&arena, 10));
	arena_finish(&arena);
}

TEST(clearing_keeps_the_newest_chunk_only)
{
	struct arena arena = { 0 };
	struct arena_chunk *newest;

	for (size_t i = 0; i < 100; i++)
		assert_non_null(arena_allocate_bytes(&arena, 1000));
	newest = arena.chunk;
	arena_clear(&arena);
	assert_ptr_equal(arena.chunk, newest);
	assert_int_equal(arena.used, 0);
	arena_finish(&arena);
	assert_null(arena.chunk);
}

TEST(clearing_an_untouched_arena_is_allowed)
{
	struct arena arena = { .has_failed = true };

	arena_clear(&arena);
	assert_false(arena.has_failed);
	arena_finish(&arena);
}

TEST(an_array_whose_size_overflows_is_refused)
{
	struct arena arena = { 0 };

	assert_null(arena_allocate_array(&arena, SIZE_MAX / 2, 3));
	assert_true(arena.has_failed);
	arena_clear(&arena);
	assert_null(arena_allocate(&arena, SIZE_MAX - 8));
	assert_true(arena.has_failed);
	arena_finish(&arena);
}

TEST(copies_keep_null_null_and_empty_empty)
{
	struct arena arena = { 0 };
	char text[] = "abc";
	struct slice copy = arena_copy(&arena, slice_from_string(text));

	text[0] = 'x';
	assert_true(slice_is_equal(copy, SLICE("abc")));
	assert_true(slice_is_null(arena_copy(&arena, SLICE_NULL)));
	copy = arena_copy(&arena, SLICE(""));
	assert_false(slice_is_null(copy));
	assert_int_equal(copy.size, 0);
	arena_finish(&arena);
}

UNIT_MAIN()
