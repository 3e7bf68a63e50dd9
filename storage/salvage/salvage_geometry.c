/* SPDX-License-Identifier: MIT
 *
 * Who a database is whose manifest is lost, and its geometry: intact buffers
 * say where they stand, and each file but the last has the size of a whole
 * one. */
#include "storage/salvage/salvage_source.h"

#include "base/pack.h"

#include <stdlib.h>
#include <string.h>

enum {
	SAMPLES_MAX = 4096,   /* buffers that are asked, in all files; */
	FILE_SAMPLES_MIN = 4, /* in each, however many files there are */
	SEGMENT_SIZE_DEFAULT = 128 << 10,
	FILE_SEGMENTS_DEFAULT = 256
};

/* ---- samples ---- */

/* Where an intact buffer was found, and where it says it stands. */
struct sample {
	uint32_t file;
	uint64_t at; /* offset in the file */
	uint32_t segment;
	uint32_t offset;
	uint64_t database_id;
};

struct samples {
	struct sample *samples;
	uint32_t count;
	uint32_t limit; /* of this file and those before it */
	bool takes_damaged; /* there are no others */
};

/* A header that is right, most likely, though the buffer isn't. */
static bool
is_plausible(const uint8_t *bytes, const struct buffer_header *header,
	     uint64_t at)
{
	return load_u32_le(bytes + 8) == FORMAT_BUFFER_MAGIC &&
	       header->version >= FORMAT_VERSION_OLDEST &&
	       header->version <= FORMAT_VERSION &&
	       header->offset % FORMAT_BLOCK_SIZE == 0 &&
	       header->offset < FORMAT_SEGMENT_SIZE_MAX &&
	       header->offset <= at;
}

static void
take_sample(struct samples *samples, uint32_t file, uint64_t at,
	    const uint8_t *bytes, size_t available)
{
	struct buffer_header header;
	struct buffer_place place;

	if (samples->count == samples->limit ||
	    !format_read_header(bytes, &header))
		return;
	place = (struct buffer_place){ header.database_id, header.segment,
				       header.offset };
	if (format_open_buffer(bytes, available, &place, &header) ==
		    FORMAT_VALID ||
	    (samples->takes_damaged && is_plausible(bytes, &header, at)))
		samples->samples[samples->count++] =
			(struct sample){ file, at, header.segment,
					 header.offset, header.database_id };
}

/* What can't be read is zeros.  How much there is. */
static size_t
read_some(struct io *io, struct io_file *file, uint64_t at, uint8_t *data,
	  size_t most)
{
	int64_t got = io_read_now(io, file, at, data, most);
	size_t size = 0;

	if (got >= 0)
		return (size_t)got;
	for (; size < most; size += FORMAT_BLOCK_SIZE) {
		got = io_read_now(io, file, at + size, data + size,
				  FORMAT_BLOCK_SIZE);
		if (got < 0)
			memset(data + size, 0, FORMAT_BLOCK_SIZE);
		else if (got < FORMAT_BLOCK_SIZE)
			return size + (size_t)got;
	}
	return size;
}

static int
sample_file(struct salvage_source *source, uint32_t number,
	    struct samples *samples, uint8_t *data, struct error *error)
{
	struct segment_file *file = &source->engine.segments.files[number];
	uint64_t size = source->files[number].size;
	size_t most = 2 * FORMAT_SEGMENT_SIZE_MAX;

	for (uint64_t at = 0; at < size && samples->count < samples->limit;
	     at += FORMAT_SEGMENT_SIZE_MAX) {
		size_t got = read_some(source->engine.io, file->file, at, data,
				       most);
		/* The second half again, with what is behind it. */
		size_t end = got < most ? got : FORMAT_SEGMENT_SIZE_MAX;

		for (size_t i = 0; i + FORMAT_BLOCK_SIZE <= end;
		     i += FORMAT_BLOCK_SIZE)
			take_sample(samples, number, at + i, data + i, got - i);
		if (salvage_go_on(source, 0, error) < 0)
			return -(int)ERROR_CANCELLED;
	}
	return 0;
}

/* ---- what explains them ---- */

/* The database that most of them belong to. */
static uint64_t
find_database_id(const struct samples *samples)
{
	uint64_t id = 0;
	uint32_t votes = 0;

	for (uint32_t i = 0; i < samples->count; i++) {
		if (votes == 0)
			id = samples->samples[i].database_id;
		if (samples->samples[i].database_id == id)
			votes++;
		else
			votes--;
	}
	return id;
}

struct geometry {
	uint32_t segment_size;
	uint64_t file_segments;
	uint32_t explained; /* samples */
	bool has_whole_files;
};

struct deduction {
	const struct samples *samples;
	uint64_t database_id;
	uint64_t file_size; /* of a whole file, or 0: nobody knows */
	uint64_t longest;   /* of any file */
	struct geometry best;
};

/* All files but the last are whole, unless they were cut. */
static void
find_file_size(const struct salvage_source *source, struct deduction *deduction)
{
	uint32_t count = source->engine.segments.file_count;
	uint64_t size = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (i + 1 < count && source->files[i].size > size)
			size = source->files[i].size;
		if (source->files[i].size > deduction->longest)
			deduction->longest = source->files[i].size;
	}
	deduction->file_size = size == deduction->longest ? size : 0;
}

/* How many samples a geometry explains. */
static uint32_t
count_explained(const struct deduction *deduction, uint32_t segment_size,
		uint64_t file_segments)
{
	const struct samples *samples = deduction->samples;
	uint32_t count = 0;

	for (uint32_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->samples[i];

		count += sample->database_id == deduction->database_id &&
			 sample->offset < segment_size &&
			 sample->at == (sample->segment -
					sample->file * file_segments) *
						       segment_size +
					       sample->offset;
	}
	return count;
}

/* Where several explain all, the largest that isn't above the default: it finds
 * what smaller ones would. */
static bool
is_better(const struct geometry *geometry, const struct geometry *best)
{
	if (geometry->explained != best->explained)
		return geometry->explained > best->explained;
	if (geometry->has_whole_files != best->has_whole_files)
		return geometry->has_whole_files;
	return best->segment_size == 0 ||
	       (geometry->segment_size > best->segment_size &&
		geometry->segment_size <= SEGMENT_SIZE_DEFAULT);
}

static void
consider(struct deduction *deduction, uint32_t segment_size,
	 uint64_t file_segments)
{
	struct geometry geometry = { segment_size, file_segments, 0, false };

	if (file_segments == 0 || file_segments > FORMAT_FILE_SEGMENTS_MAX)
		return;
	geometry.explained =
		count_explained(deduction, segment_size, file_segments);
	geometry.has_whole_files =
		segment_size * file_segments == deduction->file_size;
	if (is_better(&geometry, &deduction->best))
		deduction->best = geometry;
}

/* Segments of a file, as one sample has it; 0: it can't tell. */
static uint64_t
guess_file_segments(const struct sample *sample, uint32_t segment_size)
{
	uint64_t in_file = (sample->at - sample->offset) / segment_size;

	if (sample->file == 0 || sample->at < sample->offset ||
	    sample->segment < in_file)
		return 0;
	return (sample->segment - in_file) / sample->file;
}

/* As most samples have it, or 0. */
static uint64_t
find_file_segments(const struct deduction *deduction, uint32_t segment_size)
{
	const struct samples *samples = deduction->samples;
	uint64_t found = 0;
	uint32_t votes = 0;

	for (uint32_t i = 0; i < samples->count; i++) {
		uint64_t guess =
			guess_file_segments(&samples->samples[i], segment_size);

		if (guess == 0)
			continue;
		if (votes == 0)
			found = guess;
		if (guess == found)
			votes++;
		else
			votes--;
	}
	return found;
}

static void
deduce_geometry(struct deduction *deduction)
{
	for (uint32_t size = FORMAT_SEGMENT_SIZE_MIN;
	     size <= FORMAT_SEGMENT_SIZE_MAX; size *= 2) {
		uint64_t most = (deduction->longest + size - 1) / size;

		consider(deduction, size, find_file_segments(deduction, size));
		if (deduction->file_size % size == 0)
			consider(deduction, size, deduction->file_size / size);
		/* It may be the only file, and not be whole. */
		if (most < FILE_SEGMENTS_DEFAULT)
			most = FILE_SEGMENTS_DEFAULT;
		if (most > FORMAT_FILE_SEGMENTS_MAX)
			most = FORMAT_FILE_SEGMENTS_MAX;
		consider(deduction, size, most);
	}
}

/* ---- the door ---- */

static int
sample_files(struct salvage_source *source, struct samples *samples,
	     uint32_t share, struct error *error)
{
	uint8_t *data = malloc(2 * (size_t)FORMAT_SEGMENT_SIZE_MAX);
	int status = data == NULL ? error_no_memory(error) : 0;
	uint32_t count = source->engine.segments.file_count;

	for (uint32_t i = 0; i < count && status == 0; i++) {
		if (!source->files[i].is_there)
			continue;
		samples->limit = samples->count + share;
		status = sample_file(source, i, samples, data, error);
	}
	free(data);
	return status;
}

/* As many of each file. */
static int
take_samples(struct salvage_source *source, struct samples *samples,
	     struct error *error)
{
	uint32_t files = 0, share;
	int status;

	for (uint32_t i = 0; i < source->engine.segments.file_count; i++)
		files += source->files[i].is_there;
	share = SAMPLES_MAX / (files + 1);
	if (share < FILE_SAMPLES_MIN)
		share = FILE_SAMPLES_MIN;
	samples->samples =
		malloc(((size_t)files + 1) * share * sizeof(*samples->samples));
	if (samples->samples == NULL)
		return error_no_memory(error);
	status = sample_files(source, samples, share, error);
	if (status == 0 && samples->count == 0) {
		samples->takes_damaged = true;
		status = sample_files(source, samples, share, error);
	}
	if (status == 0 && samples->count == 0)
		status = error_set(
			error, ERROR_CORRUPT,
			"%s holds nothing of a logstor database",
			source->engine.io->methods->path(source->engine.io));
	return status;
}

int
salvage_deduce(struct salvage_source *source, struct error *error)
{
	struct manifest *manifest = &source->engine.manifest;
	struct samples samples = { 0 };
	int status = take_samples(source, &samples, error);

	if (status == 0) {
		struct deduction deduction = {
			.samples = &samples,
			.database_id = find_database_id(&samples),
		};

		find_file_size(source, &deduction);
		deduce_geometry(&deduction);
		*manifest = (struct manifest){
			.database_id = deduction.database_id,
			.segment_size = deduction.best.segment_size,
			.file_segments = (uint32_t)deduction.best.file_segments,
			.file_count = source->engine.segments.file_count,
			.next_table = ENGINE_TABLE_FIRST,
		};
	}
	free(samples.samples);
	return status;
}
