/* SPDX-License-Identifier: MIT */
#include "base/checksum.h"
#include "base/pack.h"
#include "storage/format/format.h"
#include "storage/format/manifest_store.h"
#include "tests/support/io_fault.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct manifest
sample(void)
{
	static const uint32_t tail[] = { 3, 4, 700 };
	struct manifest manifest = {
		.version = FORMAT_VERSION,
		.database_id = 1,
		.secret = 2,
		.segment_size = 131072,
		.file_segments = 256,
		.size_max = 1 << 30,
		.shard_count = 1,
		.file_count = 3,
		.flags = MANIFEST_CLEAN | MANIFEST_FORGOTTEN,
		.next_table = 20,
		.generation = 9,
		.user_watermark = 100,
		.moving_watermark = 50,
		.next_user_sequence = 101,
		.next_moving_sequence = 51,
		.next_segment_sequence = 31,
		.next_lsn = 5000,
		.clock_us = 1700000000000000,
		.segment = 30,
		.offset = 8192,
		.segment_sequence = 30,
		.checkpoints = { { 8, 0x1234567890 }, { 7, 0x9876543210 } },
		.horizon = { 90, 45, 28 },
	};
	uint32_t *copy = malloc(sizeof(tail));

	assert_non_null(copy);
	memcpy(copy, tail, sizeof(tail));
	manifest_set_tail(&manifest, copy, ARRAY_COUNT(tail));

	assert_int_equal(void_list_add(&manifest.user_voids, 10, 20, NULL), 0);
	assert_int_equal(void_list_add(&manifest.user_voids, 30, 30, NULL), 0);
	assert_int_equal(void_list_add(&manifest.moving_voids, 7, 9, NULL), 0);
	return manifest;
}

static int
decode(const struct buffer *bytes, struct manifest *manifest,
       struct error *error)
{
	return manifest_decode(buffer_slice(bytes), "/db", manifest, error);
}

TEST(what_is_encoded_is_decoded)
{
	struct manifest manifest = sample(), got;
	struct buffer bytes = { 0 };
	struct error error;

	manifest_encode(&manifest, &bytes);
	assert_int_equal(bytes.size, 4096);
	assert_int_equal(decode(&bytes, &got, &error), 0);
	assert_int_equal(got.user_voids.count, 2);
	assert_memory_equal(got.user_voids.ranges, manifest.user_voids.ranges,
			    2 * sizeof(struct void_range));
	assert_int_equal(got.moving_voids.count, 1);
	assert_memory_equal(got.moving_voids.ranges,
			    manifest.moving_voids.ranges,
			    sizeof(struct void_range));
	assert_int_equal(got.tail_count, 3);
	assert_memory_equal(got.tail, manifest.tail, 3 * sizeof(uint32_t));
	free(got.user_voids.ranges);
	free(got.moving_voids.ranges);
	free(got.tail);
	got.user_voids = manifest.user_voids;
	got.moving_voids = manifest.moving_voids;
	got.tail = manifest.tail;
	assert_memory_equal(&got, &manifest, sizeof(got));
	manifest_finish(&manifest);
	buffer_finish(&bytes);
}

TEST(every_flipped_bit_is_noticed_and_the_file_named)
{
	struct manifest manifest = sample(), got;
	struct buffer bytes = { 0 };
	struct error error = ERROR_INIT;

	manifest_encode(&manifest, &bytes);
	for (size_t bit = 0; bit < bytes.size * 8; bit++) {
		bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(decode(&bytes, &got, &error) < 0);
		assert_non_null(strstr(error.message, "/db/manifest"));
		bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	manifest_finish(&manifest);
	buffer_finish(&bytes);
}

TEST(what_is_cut_is_refused)
{
	struct manifest manifest = sample(), got;
	struct buffer bytes = { 0 };
	struct error error;

	manifest_encode(&manifest, &bytes);
	for (bytes.size = 0; bytes.size < 316; bytes.size++)
		assert_true(decode(&bytes, &got, &error) < 0);
	manifest_finish(&manifest);
	buffer_finish(&bytes);
}

static void
seal(struct buffer *bytes)
{
	uint32_t size = load_u32_le(bytes->data + 20);

	store_u64_le(bytes->data,
		     checksum_seeded(slice_make(bytes->data + 8, size - 8),
				     0));
}

TEST(impossible_numbers_are_refused)
{
	static const struct {
		const char *why;
		size_t at;
		uint32_t number;
	} cases[] = {
		{ "segments that are no power of two", 40, 131071 },
		{ "segments that are too small", 40, 2048 },
		{ "segments that are too large", 40, 1 << 21 },
		{ "files without segments", 44, 0 },
		{ "files with too many segments", 44, 1 << 20 },
		{ "two shards", 56, 2 },
		{ "more segments than can be numbered", 60, UINT32_MAX },
		{ "an unknown flag", 64, 8 },
		{ "two checkpoints of one number", 152, 7 },
		{ "an older checkpoint alone", 152, 0 },
		{ "a horizon above the watermark", 192, 101 },
		{ "a moving horizon above its watermark", 200, 51 },
		{ "a horizon's segment that isn't given yet", 208, 32 },
		{ "a tail that is too long", 216, 4 },
		{ "a tail that is too short", 216, 2 },
		{ "a tail beyond all bounds", 216, UINT32_MAX },
		{ "something reserved", 252, 1 },
		{ "a tail after an end that wasn't orderly", 64, 2 },
		{ "a tail in disorder", 308, 3 },
		{ "a tail that can't be", 312, UINT32_MAX },
		{ "a segment where none is open", 140, 0 },
		{ "a position off its segment", 140, 1 << 20 },
		{ "a position off its block", 140, 100 },
		{ "a watermark that isn't given yet", 80, 101 },
		{ "voids that aren't given yet", 256, 100000 },
		{ "voids in disorder", 272, 15 },
		{ "more voids than bytes", 184, 5 },
		{ "fewer voids than bytes", 184, 1 },
		{ "voids beyond all bounds", 184, UINT32_MAX },
		{ "moving voids that aren't given yet", 288, 100 },
		{ "no next LSN", 120, 0 },
		{ "generations that come to an end", 76, UINT32_MAX },
		{ "write sequences that come to an end", 100, UINT32_MAX },
		{ "moving ones that come to an end", 108, UINT32_MAX },
		{ "segment sequences that come to an end", 116, UINT32_MAX },
		{ "LSNs that come to an end", 124, UINT32_MAX },
		{ "checkpoints that come to an end", 156, UINT32_MAX },
	};
	struct manifest manifest = sample(), got;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct buffer bytes = { 0 };
		struct error error = ERROR_INIT;

		manifest_encode(&manifest, &bytes);
		store_u32_le(bytes.data + cases[i].at, cases[i].number);
		seal(&bytes);
		if (decode(&bytes, &got, &error) == 0)
			fail_msg("accepted: %s", cases[i].why);
		assert_int_equal(error.code, ERROR_CORRUPT);
		buffer_finish(&bytes);
	}
	manifest_finish(&manifest);
}

/* As an older program wrote it: a header of 192 bytes, without what is
 * newer. */
TEST(version_1_is_read_and_becomes_the_newest)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct io *io = fault_disk_open(disk);
	struct manifest manifest = sample(), got;
	struct buffer bytes = { 0 };
	struct error error = ERROR_INIT;

	manifest_encode(&manifest, &bytes);
	memmove(bytes.data + 192, bytes.data + 256, 48);
	memset(bytes.data + 240, 0, 4096 - 240);
	memset(bytes.data + 152, 0, 32);
	store_u32_le(bytes.data + 16, 1);
	store_u32_le(bytes.data + 20, 240);
	store_u32_le(bytes.data + 64, MANIFEST_CLEAN);
	store_u32_le(bytes.data + 140, 0);
	store_u64_le(bytes.data + 144, 0);
	seal(&bytes);
	assert_int_equal(decode(&bytes, &got, &error), 0);
	assert_int_equal(got.version, 1);
	assert_int_equal(got.segment, 30);
	assert_int_equal(got.user_voids.count, 2);
	assert_int_equal(got.moving_voids.count, 1);
	assert_int_equal(got.tail_count, 0);
	assert_int_equal(manifest_store(io, &got, &error), 0);
	manifest_finish(&got);
	assert_int_equal(manifest_load(io, &got, &error), 0);
	assert_int_equal(got.version, FORMAT_VERSION);
	assert_int_equal(got.segment, 0);
	assert_int_equal(got.moving_voids.ranges[0].last, 9);
	manifest_finish(&got);
	store_u32_le(bytes.data + 64, MANIFEST_FORGOTTEN);
	seal(&bytes);
	assert_true(decode(&bytes, &got, &error) < 0);
	store_u32_le(bytes.data + 64, 0);
	store_u32_le(bytes.data + 152, 1);
	seal(&bytes);
	assert_true(decode(&bytes, &got, &error) < 0);
	io->methods->destroy(io);
	fault_disk_destroy(disk);
	manifest_finish(&manifest);
	buffer_finish(&bytes);
}

TEST(a_tail_is_kept_only_after_an_orderly_end)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct io *io = fault_disk_open(disk);
	struct manifest manifest = sample(), got;
	struct error error = ERROR_INIT;

	/* Who can't store it goes on with what was stored before. */
	manifest.flags = 0;
	disk->fail_errno = EIO;
	assert_true(manifest_store(io, &manifest, &error) < 0);
	assert_int_equal(manifest.tail_count, 3);
	assert_int_equal(manifest.generation, 9);
	disk->fail_errno = 0;
	assert_int_equal(manifest_store(io, &manifest, &error), 0);
	assert_int_equal(manifest.tail_count, 0);
	assert_int_equal(manifest_load(io, &got, &error), 0);
	assert_int_equal(got.tail_count, 0);
	assert_int_equal(got.generation, 10);
	manifest_finish(&got);
	io->methods->destroy(io);
	fault_disk_destroy(disk);
	manifest_finish(&manifest);
}

TEST(a_newer_version_is_told_by_its_number)
{
	struct manifest manifest = sample(), got;
	struct buffer bytes = { 0 };
	struct error error = ERROR_INIT;

	manifest_encode(&manifest, &bytes);
	store_u32_le(bytes.data + 16, 7);
	seal(&bytes);
	assert_true(decode(&bytes, &got, &error) < 0);
	assert_string_equal(error.message,
			    "/db: format version 7 is newer than this "
			    "program's 3");
	manifest_finish(&manifest);
	buffer_finish(&bytes);
}

TEST(void_ranges_join_and_are_found)
{
	struct void_list list = { 0 };

	assert_false(void_list_contains(&list, 5));
	assert_int_equal(void_list_add(&list, 5, 7, NULL), 0);
	assert_int_equal(void_list_add(&list, 8, 9, NULL), 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(void_list_add(&list, 20, 20, NULL), 0);
	assert_int_equal(list.count, 2);
	for (uint64_t i = 0; i < 30; i++)
		assert_int_equal(void_list_contains(&list, i),
				 (i >= 5 && i <= 9) || i == 20);
	free(list.ranges);
}

TEST(old_void_ranges_are_forgotten)
{
	struct void_list list = { 0 };

	void_list_prune(&list, 100);
	assert_int_equal(void_list_add(&list, 5, 7, NULL), 0);
	assert_int_equal(void_list_add(&list, 10, 20, NULL), 0);
	assert_int_equal(void_list_add(&list, 30, 40, NULL), 0);
	void_list_prune(&list, 6);
	assert_int_equal(list.count, 3);
	void_list_prune(&list, 20);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.ranges[0].first, 30);
	void_list_prune(&list, 1000);
	assert_int_equal(list.count, 0);
	free(list.ranges);
}

TEST(a_failed_store_leaves_the_old_manifest)
{
	struct error error = ERROR_INIT;

	for (uint64_t after = 0;; after++) {
		struct fault_disk *disk = fault_disk_create(1), *crashed;
		struct io *io = fault_disk_open(disk);
		struct manifest manifest = sample(), got;
		bool has_failed;

		assert_int_equal(manifest_store(io, &manifest, &error), 0);
		disk->fail_errno = EIO;
		disk->fail_after = after;
		manifest.user_watermark = 95;
		has_failed = manifest_store(io, &manifest, &error) < 0;
		crashed = fault_disk_crash(disk, after * 17 + 3);
		io->methods->destroy(io);
		io = fault_disk_open(crashed);
		assert_int_equal(manifest_load(io, &got, &error), 0);
		if (!has_failed)
			assert_int_equal(got.user_watermark, 95);
		else
			assert_true(got.user_watermark == 95 ||
				    got.user_watermark == 100);
		io->methods->destroy(io);
		fault_disk_destroy(disk);
		fault_disk_destroy(crashed);
		manifest_finish(&manifest);
		manifest_finish(&got);
		if (!has_failed) {
			assert_true(after >= 4);
			return;
		}
	}
}

UNIT_MAIN()
