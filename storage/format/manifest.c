/* SPDX-License-Identifier: MIT */
#include "storage/format/manifest.h"

#include "base/checksum.h"
#include "base/pack.h"
#include "base/reader.h"
#include "base/shell_word.h"
#include "storage/format/format.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define MANIFEST_MAGIC UINT64_C(0x4d524f5453474f4c) /* "LOGSTORM" */

enum {
	VOID_SIZE = 16,
	TAIL_SIZE = 4,
	RESERVED_AT = 220
};

void
manifest_finish(struct manifest *manifest)
{
	free(manifest->user_voids.ranges);
	free(manifest->moving_voids.ranges);
	free(manifest->tail);
	*manifest = (struct manifest){ 0 };
}

bool
horizon_covers(const struct horizon *horizon, uint8_t stream,
	       uint64_t write_sequence)
{
	return write_sequence <= (stream == STREAM_MOVING ?
					  horizon->moving_sequence :
					  horizon->user_sequence);
}

/* ---- void ranges ---- */

bool
void_list_contains(const struct void_list *list, uint64_t write_sequence)
{
	uint32_t low = 0, high = list->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (list->ranges[middle].last < write_sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list->count && list->ranges[low].first <= write_sequence;
}

int
void_list_add(struct void_list *list, uint64_t first, uint64_t last,
	      struct error *error)
{
	struct void_range *ranges = list->ranges;

	assert(first != 0 && first <= last);
	if (list->count > 0 && ranges[list->count - 1].last == first - 1) {
		ranges[list->count - 1].last = last;
		return 0;
	}
	assert(list->count == 0 || ranges[list->count - 1].last < first);
	if (list->count == MANIFEST_VOIDS_MAX)
		return error_set(error, ERROR_FULL,
				 "the database was left unclean too often");
	ranges = realloc(ranges, (list->count + 1) * sizeof(*ranges));
	if (ranges == NULL)
		return error_no_memory(error);
	ranges[list->count] = (struct void_range){ first, last };
	list->ranges = ranges;
	list->count++;
	return 0;
}

void
void_list_prune(struct void_list *list, uint64_t write_sequence)
{
	uint32_t gone = 0;

	while (gone < list->count && list->ranges[gone].last <= write_sequence)
		gone++;
	if (gone == 0)
		return;
	list->count -= gone;
	memmove(list->ranges, list->ranges + gone,
		list->count * sizeof(*list->ranges));
}

void
manifest_set_tail(struct manifest *manifest, uint32_t *tail, uint32_t count)
{
	assert(count <= MANIFEST_TAIL_MAX);
	free(manifest->tail);
	manifest->tail = tail;
	manifest->tail_count = count;
}

/* ---- encoding ---- */

static void
encode_voids(const struct void_list *list, uint8_t *to)
{
	for (uint32_t i = 0; i < list->count; i++) {
		store_u64_le(to + i * VOID_SIZE, list->ranges[i].first);
		store_u64_le(to + i * VOID_SIZE + 8, list->ranges[i].last);
	}
}

static uint32_t
stored_tail_count(const struct manifest *manifest)
{
	return (manifest->flags & MANIFEST_CLEAN) != 0 ? manifest->tail_count :
							 0;
}

static void
encode_header(const struct manifest *manifest, uint32_t size, uint8_t *to)
{
	store_u64_le(to + 8, MANIFEST_MAGIC);
	store_u32_le(to + 16, FORMAT_VERSION);
	store_u32_le(to + 20, size);
	store_u64_le(to + 24, manifest->database_id);
	store_u64_le(to + 32, manifest->secret);
	store_u32_le(to + 40, manifest->segment_size);
	store_u32_le(to + 44, manifest->file_segments);
	store_u64_le(to + 48, manifest->size_max);
	store_u32_le(to + 56, manifest->shard_count);
	store_u32_le(to + 60, manifest->file_count);
	store_u32_le(to + 64, manifest->flags);
	store_u32_le(to + 68, manifest->next_table);
	store_u64_le(to + 72, manifest->generation);
	store_u64_le(to + 80, manifest->user_watermark);
	store_u64_le(to + 88, manifest->moving_watermark);
	store_u64_le(to + 96, manifest->next_user_sequence);
	store_u64_le(to + 104, manifest->next_moving_sequence);
	store_u64_le(to + 112, manifest->next_segment_sequence);
	store_u64_le(to + 120, manifest->next_lsn);
	store_u64_le(to + 128, (uint64_t)manifest->clock_us);
	store_u32_le(to + 136, manifest->segment);
	store_u32_le(to + 140, manifest->offset);
	store_u64_le(to + 144, manifest->segment_sequence);
	for (size_t i = 0; i < ARRAY_COUNT(manifest->checkpoints); i++) {
		store_u64_le(to + 152 + i * 16,
			     manifest->checkpoints[i].number);
		store_u64_le(to + 160 + i * 16,
			     manifest->checkpoints[i].checksum);
	}
	store_u32_le(to + 184, manifest->user_voids.count);
	store_u32_le(to + 188, manifest->moving_voids.count);
	store_u64_le(to + 192, manifest->horizon.user_sequence);
	store_u64_le(to + 200, manifest->horizon.moving_sequence);
	store_u64_le(to + 208, manifest->horizon.segment_sequence);
	store_u32_le(to + 216, stored_tail_count(manifest));
}

static void
encode_tail(const struct manifest *manifest, uint8_t *to)
{
	for (uint32_t i = 0; i < stored_tail_count(manifest); i++)
		store_u32_le(to + (size_t)i * TAIL_SIZE, manifest->tail[i]);
}

static size_t
pad(size_t size)
{
	return (size + FORMAT_BLOCK_SIZE - 1) / FORMAT_BLOCK_SIZE *
	       FORMAT_BLOCK_SIZE;
}

void
manifest_encode(const struct manifest *manifest, struct buffer *to)
{
	size_t user_size = (size_t)manifest->user_voids.count * VOID_SIZE;
	size_t moving_size = (size_t)manifest->moving_voids.count * VOID_SIZE;
	size_t tail_at = MANIFEST_HEADER_SIZE + user_size + moving_size;
	size_t size = tail_at + (size_t)stored_tail_count(manifest) * TAIL_SIZE;
	uint8_t *bytes = buffer_extend(to, pad(size));

	if (bytes == NULL)
		return;
	memset(bytes, 0, pad(size));
	encode_header(manifest, (uint32_t)size, bytes);
	encode_voids(&manifest->user_voids, bytes + MANIFEST_HEADER_SIZE);
	encode_voids(&manifest->moving_voids,
		     bytes + MANIFEST_HEADER_SIZE + user_size);
	encode_tail(manifest, bytes + tail_at);
	store_u64_le(bytes,
		     checksum_seeded(slice_make(bytes + 8, size - 8), 0));
}

/* ---- decoding ---- */

static int
damaged(const char *path, const char *what, struct error *error)
{
	return error_set(error, ERROR_CORRUPT, "%s/%s is damaged: %s", path,
			 MANIFEST_NAME, what);
}

static int
verify_version(struct slice bytes, const char *path, struct error *error)
{
	uint32_t version = load_u32_le(bytes.data + 16);

	if (version > FORMAT_VERSION) {
		error_set(error, ERROR_CONFIG,
			  "%s: format version %" PRIu32
			  " is newer than this program's %d",
			  path, version, FORMAT_VERSION);
		error_hint(error, "open it with a newer logstor");
		return -ERROR_CONFIG;
	}
	if (version < FORMAT_VERSION_OLDEST)
		return damaged(path, "unknown format version", error);
	if (version > 1 && load_u32_le(bytes.data + 20) < MANIFEST_HEADER_SIZE)
		return damaged(path, "it is shorter than it says", error);
	return 0;
}

/* The parts that every later version of the format keeps. */
static int
verify_envelope(struct slice bytes, const char *path, struct error *error)
{
	uint32_t size;
	int status;

	if (bytes.size < MANIFEST_HEADER_SIZE_1)
		return damaged(path, "it is too short", error);
	if (load_u64_le(bytes.data + 8) != MANIFEST_MAGIC)
		return damaged(path, "it doesn't begin as a manifest", error);
	size = load_u32_le(bytes.data + 20);
	if (size < MANIFEST_HEADER_SIZE_1 || size > bytes.size)
		return damaged(path, "it is shorter than it says", error);
	if (load_u64_le(bytes.data) !=
	    checksum_seeded(slice_make(bytes.data + 8, size - 8), 0))
		return damaged(path, "its checksum is wrong", error);
	status = verify_version(bytes, path, error);
	if (status < 0)
		return status;
	for (size_t i = size; i < bytes.size; i++) {
		if (bytes.data[i] != 0)
			return damaged(path, "its padding is not zero", error);
	}
	return 0;
}

static void
decode_header(struct reader *reader, struct manifest *manifest)
{
	manifest->database_id = reader_u64_le(reader);
	manifest->secret = reader_u64_le(reader);
	manifest->segment_size = reader_u32_le(reader);
	manifest->file_segments = reader_u32_le(reader);
	manifest->size_max = reader_u64_le(reader);
	manifest->shard_count = reader_u32_le(reader);
	manifest->file_count = reader_u32_le(reader);
	manifest->flags = reader_u32_le(reader);
	manifest->next_table = reader_u32_le(reader);
	manifest->generation = reader_u64_le(reader);
	manifest->user_watermark = reader_u64_le(reader);
	manifest->moving_watermark = reader_u64_le(reader);
	manifest->next_user_sequence = reader_u64_le(reader);
	manifest->next_moving_sequence = reader_u64_le(reader);
	manifest->next_segment_sequence = reader_u64_le(reader);
	manifest->next_lsn = reader_u64_le(reader);
	manifest->clock_us = (int64_t)reader_u64_le(reader);
	manifest->segment = reader_u32_le(reader);
	manifest->offset = reader_u32_le(reader);
	manifest->segment_sequence = reader_u64_le(reader);
	for (size_t i = 0; i < ARRAY_COUNT(manifest->checkpoints); i++) {
		manifest->checkpoints[i].number = reader_u64_le(reader);
		manifest->checkpoints[i].checksum = reader_u64_le(reader);
	}
	manifest->user_voids.count = reader_u32_le(reader);
	manifest->moving_voids.count = reader_u32_le(reader);
	if (manifest->version == 1)
		return;
	manifest->horizon.user_sequence = reader_u64_le(reader);
	manifest->horizon.moving_sequence = reader_u64_le(reader);
	manifest->horizon.segment_sequence = reader_u64_le(reader);
	manifest->tail_count = reader_u32_le(reader);
	reader_bytes(reader, MANIFEST_HEADER_SIZE - RESERVED_AT);
}

static bool
is_power_of_two(uint32_t number)
{
	return number != 0 && (number & (number - 1)) == 0;
}

static bool
is_geometry_possible(const struct manifest *manifest)
{
	uint32_t segment_size = manifest->segment_size;
	uint64_t segments =
		(uint64_t)manifest->file_count * manifest->file_segments;

	if (segment_size < FORMAT_SEGMENT_SIZE_MIN ||
	    segment_size > FORMAT_SEGMENT_SIZE_MAX ||
	    !is_power_of_two(segment_size))
		return false;
	return manifest->file_segments != 0 &&
	       manifest->file_segments <= FORMAT_FILE_SEGMENTS_MAX &&
	       manifest->shard_count == 1 && segments <= UINT32_MAX;
}

static bool
is_position_possible(const struct manifest *manifest)
{
	if (manifest->offset > manifest->segment_size ||
	    manifest->offset % FORMAT_BLOCK_SIZE != 0 ||
	    (manifest->offset != 0) != (manifest->segment_sequence != 0))
		return false;
	return manifest->version == 1 || manifest->offset != 0 ||
	       manifest->segment == 0;
}

/* A horizon may outlive the checkpoint whose start it is, when that one turned
 * out to be damaged. */
static bool
are_checkpoints_possible(const struct manifest *manifest)
{
	const struct manifest_checkpoint *newest = &manifest->checkpoints[0];
	const struct manifest_checkpoint *before = &manifest->checkpoints[1];
	const struct horizon *horizon = &manifest->horizon;
	uint32_t known = MANIFEST_CLEAN;

	if (manifest->version > 1)
		known |= MANIFEST_FORGOTTEN;
	if ((manifest->flags & ~known) != 0 ||
	    (manifest->version == 1 && newest->number != 0) ||
	    ((manifest->flags & MANIFEST_CLEAN) == 0 &&
	     manifest->tail_count != 0))
		return false;
	if ((newest->number == 0 && newest->checksum != 0) ||
	    (before->number == 0 && before->checksum != 0) ||
	    (before->number != 0 && before->number >= newest->number))
		return false;
	return horizon->user_sequence <= manifest->user_watermark &&
	       horizon->moving_sequence <= manifest->moving_watermark &&
	       horizon->segment_sequence <= manifest->next_segment_sequence;
}

/* Counting can't come to an end where every number that is given from here on
 * is larger than one that stands here; watermarks and void ranges are below
 * those. */
static bool
are_numbers_left(const struct manifest *manifest)
{
	const uint64_t most = UINT64_MAX / 2;

	return manifest->next_user_sequence <= most &&
	       manifest->next_moving_sequence <= most &&
	       manifest->next_segment_sequence <= most &&
	       manifest->next_lsn <= most &&
	       manifest->generation <= most &&
	       manifest->checkpoints[0].number <= most;
}

static bool
is_possible(const struct manifest *manifest)
{
	return is_geometry_possible(manifest) &&
	       is_position_possible(manifest) &&
	       are_numbers_left(manifest) &&
	       are_checkpoints_possible(manifest) &&
	       manifest->next_user_sequence > manifest->user_watermark &&
	       manifest->next_moving_sequence > manifest->moving_watermark &&
	       manifest->next_segment_sequence > manifest->segment_sequence &&
	       manifest->next_lsn != 0 && manifest->next_table != 0;
}

static int
decode_voids(struct reader *reader, struct void_list *list, uint64_t next,
	     const char *path, struct error *error)
{
	uint32_t count = list->count;
	uint64_t before = 0;

	*list = (struct void_list){ 0 };
	if (count > MANIFEST_VOIDS_MAX ||
	    (uint64_t)count * VOID_SIZE > reader_left(reader))
		return damaged(path, "it has too many void ranges", error);
	if (count == 0)
		return 0;
	list->ranges = malloc(count * sizeof(*list->ranges));
	if (list->ranges == NULL)
		return error_no_memory(error);
	for (; list->count < count; list->count++) {
		uint64_t first = reader_u64_le(reader);
		uint64_t last = reader_u64_le(reader);

		if (first <= before || last < first || last >= next)
			return damaged(path, "its void ranges overlap", error);
		list->ranges[list->count] = (struct void_range){ first, last };
		before = last;
	}
	return 0;
}

static int
decode_tail(struct reader *reader, struct manifest *manifest,
	    const char *path, struct error *error)
{
	uint32_t count = manifest->tail_count;
	uint32_t next = 0;

	manifest->tail_count = 0;
	if (count > MANIFEST_TAIL_MAX ||
	    (uint64_t)count * TAIL_SIZE > reader_left(reader))
		return damaged(path, "its tail is too long", error);
	if (count == 0)
		return 0;
	manifest->tail = malloc(count * sizeof(*manifest->tail));
	if (manifest->tail == NULL)
		return error_no_memory(error);
	for (uint32_t i = 0; i < count; i++) {
		manifest->tail[i] = reader_u32_le(reader);
		if (manifest->tail[i] < next ||
		    manifest->tail[i] == UINT32_MAX)
			return damaged(path, "its tail is out of order",
				       error);
		next = manifest->tail[i] + 1;
	}
	manifest->tail_count = count;
	return 0;
}

/* Counts that aren't looked at yet must not be taken for what is there. */
static int
decode_lists(struct reader *reader, struct manifest *manifest,
	     const char *path, struct error *error)
{
	struct void_list moving = manifest->moving_voids;
	int status;

	manifest->moving_voids = (struct void_list){ 0 };
	status = decode_voids(reader, &manifest->user_voids,
			      manifest->next_user_sequence, path, error);
	if (status < 0)
		return status;
	manifest->moving_voids = moving;
	status = decode_voids(reader, &manifest->moving_voids,
			      manifest->next_moving_sequence, path, error);
	if (status == 0)
		status = decode_tail(reader, manifest, path, error);
	if (status == 0 && !reader_is_at_end(reader))
		status = damaged(path, "it is longer than it should be",
				 error);
	return status;
}

static bool
is_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

int
manifest_decode(struct slice bytes, const char *path,
		struct manifest *manifest, struct error *error)
{
	struct reader reader = reader_make(bytes);
	int status = verify_envelope(bytes, path, error);

	if (status < 0)
		return status;
	*manifest = (struct manifest){
		.version = load_u32_le(bytes.data + 16),
	};
	reader.end = bytes.data + load_u32_le(bytes.data + 20);
	reader_bytes(&reader, 24);
	decode_header(&reader, manifest);
	if (!is_possible(manifest) ||
	    (manifest->version > 1 &&
	     !is_zero(bytes.data + RESERVED_AT,
		      MANIFEST_HEADER_SIZE - RESERVED_AT))) {
		*manifest = (struct manifest){ 0 };
		return damaged(path, "it holds impossible numbers", error);
	}
	status = decode_lists(&reader, manifest, path, error);
	if (status < 0)
		manifest_finish(manifest);
	return status;
}

/* ---- the file ---- */

static int
read_file(struct io *io, struct io_file *file, const char *name,
	  struct manifest *manifest, struct error *error)
{
	const char *path = io->methods->path(io);
	uint64_t size;
	uint8_t *bytes;
	int64_t got;
	int status = io->methods->size(io, file, &size);

	if (status < 0)
		return io_error(io, status, "read", name, IO_NO_OFFSET, error);
	if (size < MANIFEST_HEADER_SIZE_1 || size > MANIFEST_FILE_SIZE_MAX)
		return damaged(path, "its size is impossible", error);
	bytes = malloc((size_t)size);
	if (bytes == NULL)
		return error_no_memory(error);
	got = io_read_now(io, file, 0, bytes, (size_t)size);
	if (got < 0)
		status = io_error(io, (int)got, "read", name, 0, error);
	else
		status = manifest_decode(slice_make(bytes, (size_t)got), path,
					 manifest, error);
	free(bytes);
	return status;
}

static int
load(struct io *io, const char *name, struct manifest *manifest,
     struct error *error)
{
	struct io_file *file;
	int status = io->methods->open(io, name, IO_READ_ONLY, &file);

	if (status == -ENOENT)
		return MANIFEST_MISSING;
	if (status < 0)
		return io_error(io, status, "open", name, IO_NO_OFFSET, error);
	status = read_file(io, file, name, manifest, error);
	io->methods->close(io, file);
	return status;
}

int
manifest_load(struct io *io, struct manifest *manifest, struct error *error)
{
	return load(io, MANIFEST_NAME, manifest, error);
}

static int
refuse_earlier(struct io *io, struct error *error)
{
	const char *path = io->methods->path(io);
	char word[SHELL_WORD_SIZE_SHORT];
	int status = error_set(error, ERROR_CORRUPT,
			       "%s/%s is damaged: it is an earlier one, since "
			       "%s was written long after it",
			       path, MANIFEST_NAME, MANIFEST_NAME_ASIDE);

	/* Some tools leave out what ends on .tmp. */
	error_hint(error,
		   "if all files of an earlier copy were put back, remove %s, "
		   "which isn't of them; else logstor --salvage %s NEW saves "
		   "every intact row; rows that were deleted may reappear",
		   MANIFEST_NAME_ASIDE,
		   shell_word(path, "DAMAGED", word, sizeof(word)));
	return status;
}

int
manifest_find_newer(struct io *io, const struct manifest *manifest,
		    bool *is_newer, struct error *error)
{
	struct manifest aside = { 0 };
	struct error failure = ERROR_INIT;
	int status = load(io, MANIFEST_NAME_ASIDE, &aside, &failure);
	uint64_t written = aside.generation;
	bool is_ours = aside.database_id == manifest->database_id;

	if (status < 0 && failure.code == ERROR_FULL) {
		*error = failure;
		return status;
	}
	*is_newer = status < 0 && failure.code != ERROR_CORRUPT;
	if (status != 0)
		return 0;
	manifest_finish(&aside);
	*is_newer = is_ours && written >= manifest->generation;
	/* The names are durable before the next one is written. */
	if (is_ours && written > manifest->generation + 1)
		return refuse_earlier(io, error);
	return 0;
}
