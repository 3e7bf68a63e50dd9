/* SPDX-License-Identifier: MIT */
#include "storage/salvage/salvage_losses.h"

#include "storage/verify/fault_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOSSES_FIRST = 64, WHAT_SIZE = 256 };

/* ---- telling ---- */

static void
tell(struct salvage_source *source, const char *name, uint64_t offset,
     const char *what)
{
	struct salvage_report *report = source->report;
	struct engine_fault fault = { name, offset, what };

	report->faults++;
	if (report->on_fault != NULL)
		report->on_fault(report->context, &fault);
}

static void
tell_in_file(struct salvage_source *source, uint32_t number, uint64_t offset,
	     const char *what)
{
	char name[SEGMENT_FILE_NAME_SIZE];

	segment_file_name(number, name);
	tell(source, name, offset, what);
}

void
salvage_note(struct salvage_source *source, const char *name, uint64_t offset,
	     const char *what)
{
	struct salvage_report *report = source->report;
	struct engine_fault fault = { name, offset, what };

	report->notes++;
	if (report->on_note != NULL)
		report->on_note(report->context, &fault);
}

void
salvage_note_failure(struct salvage_source *source, const char *name,
		     const char *message)
{
	uint64_t offset;
	const char *what = fault_text_take_apart(message, &offset);

	salvage_note(source, name, offset, what);
}

/* "", ", 1 row of it known", … */
static void
append_rows(char *what, uint64_t rows)
{
	size_t size = strlen(what);

	if (rows > 0)
		snprintf(what + size, WHAT_SIZE - size, " (%" PRIu64 " row%s)",
			 rows, rows == 1 ? "" : "s");
}

static void
tell_stretch(struct salvage_source *source, const struct salvage_loss *loss)
{
	static const char *const reasons[] = {
		[LOSS_UNREADABLE] = "it can't be read there",
		[LOSS_CHECKSUM] = "a checksum is wrong there",
		[LOSS_NONSENSE] = "what stands there makes no sense",
		[LOSS_REPLACED] = "something else stands where a row should",
	};
	char what[WHAT_SIZE];
	size_t size;

	snprintf(what, sizeof(what), "%s", reasons[loss->kind]);
	size = strlen(what);
	if (loss->end > loss->start / FORMAT_BLOCK_SIZE * FORMAT_BLOCK_SIZE +
				FORMAT_BLOCK_SIZE)
		snprintf(what + size, sizeof(what) - size,
			 ", and further up to offset %" PRIu64, loss->end);
	append_rows(what, loss->rows);
	tell_in_file(source, loss->file, loss->start, what);
}

/* ---- gathering ---- */

static int
compare_losses(const void *a, const void *b)
{
	const struct salvage_loss *left = a, *right = b;

	if (left->file != right->file)
		return left->file < right->file ? -1 : 1;
	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	return 0;
}

static bool
is_replaced(const struct salvage_loss *loss)
{
	return loss->kind == LOSS_REPLACED;
}

/* Joins stretches that touch. */
static void
join(struct salvage_losses *losses)
{
	struct salvage_loss *all = losses->losses;
	size_t kept = 0;

	if (losses->count > 1)
		qsort(all, losses->count, sizeof(*all), compare_losses);
	for (size_t i = 1; i < losses->count; i++) {
		struct salvage_loss *last = &all[kept];

		if (all[i].file != last->file || all[i].start > last->end ||
		    is_replaced(&all[i]) != is_replaced(last)) {
			all[++kept] = all[i];
			continue;
		}
		if (all[i].end > last->end)
			last->end = all[i].end;
		if (all[i].kind < last->kind)
			last->kind = all[i].kind;
		last->rows += all[i].rows;
	}
	losses->count = losses->count > 0 ? kept + 1 : 0;
}

static void
tell_stretches(struct salvage_source *source)
{
	struct salvage_losses *losses = &source->losses;

	join(losses);
	for (size_t i = 0; i < losses->count; i++)
		tell_stretch(source, &losses->losses[i]);
	losses->count = 0;
}

/* Room for one more; without memory what is there is told now. */
static bool
make_room(struct salvage_source *source)
{
	struct salvage_losses *losses = &source->losses;
	size_t capacity = losses->capacity * 2;
	struct salvage_loss *all;

	if (losses->count < losses->capacity)
		return true;
	join(losses);
	if (losses->count < losses->capacity / 2)
		return true;
	if (capacity < LOSSES_FIRST)
		capacity = LOSSES_FIRST;
	all = realloc(losses->losses, capacity * sizeof(*all));
	if (all != NULL) {
		losses->losses = all;
		losses->capacity = capacity;
		return true;
	}
	tell_stretches(source);
	return losses->capacity > 0;
}

void
salvage_lose(struct salvage_source *source, uint32_t segment, uint32_t offset,
	     uint32_t size, enum salvage_loss_kind kind, uint64_t rows)
{
	struct segment_place place = segment_manager_place(
		&source->engine.segments, segment, offset);
	struct salvage_file *file = &source->files[place.file_number];
	uint64_t end = place.offset + (size > 0 ? size : 1);
	struct salvage_loss loss = {
		.file = place.file_number,
		.kind = kind,
		.start = place.offset,
		.end = (end + FORMAT_BLOCK_SIZE - 1) / FORMAT_BLOCK_SIZE *
		       FORMAT_BLOCK_SIZE,
		.rows = rows,
	};

	/* What is cut in two is told with what is gone. */
	if (loss.end > file->size) {
		file->has_loss = true;
		file->rows += rows;
	} else if (make_room(source)) {
		source->losses.losses[source->losses.count++] = loss;
	} else {
		tell_stretch(source, &loss);
	}
}

void
salvage_lose_row(struct salvage_source *source, uint32_t segment,
		 uint32_t offset, const char *why)
{
	struct segment_place place = segment_manager_place(
		&source->engine.segments, segment, offset);

	tell_in_file(source, place.file_number, place.offset, why);
}

void
salvage_lose_buffers(struct salvage_source *source, uint8_t stream,
		     const struct salvage_gap *gap)
{
	source->losses.gaps[stream - STREAM_USER] = *gap;
}

/* ---- files ---- */

static bool
is_gone(const struct salvage_source *source, uint32_t number)
{
	const struct segment_manager *segments = &source->engine.segments;
	const struct salvage_file *file = &source->files[number];
	uint64_t whole =
		(uint64_t)segments->file_segments * segments->segment_size;

	return file->reason != NULL || file->has_loss || file->is_cut ||
	       (number + 1 < segments->file_count && file->size < whole);
}

static void
tell_file(struct salvage_source *source, uint32_t number, bool is_lost)
{
	const struct salvage_file *file = &source->files[number];
	char name[SEGMENT_FILE_NAME_SIZE];
	char what[WHAT_SIZE];

	segment_file_name(number, name);
	snprintf(what, sizeof(what), "%s",
		 file->reason != NULL ? file->reason : "it is cut off there");
	append_rows(what, file->rows);
	if (is_lost)
		tell(source, name,
		     file->reason != NULL ? UINT64_MAX : file->size, what);
	else
		salvage_note(source, name,
			     file->reason != NULL ? UINT64_MAX : file->size,
			     what);
}

/* Where a place was used again, its rows had been moved or overwritten: what is
 * missing holds them now.  How many there are. */
static uint64_t
take_replaced(struct salvage_losses *losses)
{
	uint64_t rows = 0;
	size_t kept = 0;

	for (size_t i = 0; i < losses->count; i++) {
		if (is_replaced(&losses->losses[i]))
			rows += losses->losses[i].rows;
		else
			losses->losses[kept++] = losses->losses[i];
	}
	losses->count = kept;
	return rows;
}

static void
tell_gap(struct salvage_source *source, uint8_t stream, uint64_t rows)
{
	const struct salvage_gap *gap =
		&source->losses.gaps[stream - STREAM_USER];
	struct segment_place place = segment_manager_place(
		&source->engine.segments, gap->segment, gap->offset);
	char what[WHAT_SIZE], last[32] = "";

	if (gap->last > gap->first)
		snprintf(last, sizeof(last), " to %" PRIu64, gap->last);
	snprintf(what, sizeof(what),
		 "%" PRIu64 " buffer%s %s missing (write sequence %" PRIu64
		 "%s of the %s stream)%s; %s should stand there or in a "
		 "later segment",
		 gap->count, gap->count == 1 ? "" : "s",
		 gap->count == 1 ? "is" : "are", gap->first, last,
		 stream == STREAM_USER ? "user" : "moving",
		 source->is_certain ? "" : ", freed long ago or lost",
		 gap->count == 1 ? "it" : "the first");
	append_rows(what, rows);
	tell_in_file(source, place.file_number, place.offset, what);
}

static bool
tell_files(struct salvage_source *source, bool is_missed, uint64_t rows)
{
	bool has_gone = false;

	for (uint32_t i = 0; i < source->engine.segments.file_count; i++) {
		if (!is_gone(source, i))
			continue;
		source->files[i].rows += has_gone ? 0 : rows;
		tell_file(source, i,
			  is_missed || !source->is_certain ||
				  !source->has_end ||
				  source->files[i].has_loss);
		has_gone = true;
	}
	return has_gone;
}

static bool
has_gone_file(const struct salvage_source *source)
{
	for (uint32_t i = 0; i < source->engine.segments.file_count; i++) {
		if (is_gone(source, i))
			return true;
	}
	return false;
}

/* What is missing stood in a file that is gone, if one is. */
void
salvage_tell_losses(struct salvage_source *source)
{
	const struct salvage_gap *gaps = source->losses.gaps;
	bool has_gap = gaps[0].count > 0 || gaps[1].count > 0;
	uint64_t rows = 0;

	if (has_gap || has_gone_file(source))
		rows = take_replaced(&source->losses);
	if (!tell_files(source, has_gap || rows > 0, rows)) {
		for (uint8_t i = STREAM_USER; i <= STREAM_MOVING; i++) {
			if (gaps[i - STREAM_USER].count == 0)
				continue;
			tell_gap(source, i, rows);
			rows = 0;
		}
	}
	tell_stretches(source);
}
