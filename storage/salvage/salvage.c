/* SPDX-License-Identifier: MIT
 *
 * The story of salvage: what is left of the damaged database is found
 * (salvage_scan.h), then each row is read, looked at once more, and written to
 * the new one as anybody would write it. */
#include "storage/salvage/salvage.h"

#include "storage/format/run.h"
#include "storage/salvage/salvage_losses.h"
#include "storage/salvage/salvage_scan.h"

#include <stdlib.h>

enum {
	ROWS_STEP = 64,
	/* Numbers of tables that nobody has seen, when the manifest is lost. */
	UNSEEN_TABLES = 1 << 12
};

struct salvage {
	struct salvage_source source;
	struct engine *fresh;
	uint8_t *bytes; /* of the row that is being saved */
	size_t capacity;
	uint64_t seen_bytes; /* of records */
	uint64_t saved_bytes; /* keys and values, of this table */
};

/* ---- writing ---- */

static int
write_one(struct salvage *salvage, const struct engine_write *write,
	  struct error *error)
{
	uint64_t lsn;
	int status;

	for (;;) {
		status = engine_write(salvage->fresh, write, 1, &lsn, error);
		if (status != ENGINE_PENDING)
			return status;
		if (engine_poll(salvage->fresh, -1, error) < 0)
			return -(int)ERROR_IO;
	}
}

static int
make_table(struct salvage *salvage, uint32_t table, struct error *error)
{
	struct engine_write write = {
		.kind = ENGINE_WRITE_CREATE_TABLE,
		.table = table,
		.timestamp_us = engine_timestamp_us(salvage->fresh),
	};

	return table < ENGINE_TABLE_FIRST ? 0 :
					    write_one(salvage, &write, error);
}

/* ---- a row ---- */

static bool
reserve(struct salvage *salvage, size_t size)
{
	uint8_t *bytes;

	if (size <= salvage->capacity)
		return true;
	bytes = realloc(salvage->bytes, size);
	if (bytes == NULL)
		return false;
	salvage->bytes = bytes;
	salvage->capacity = size;
	return true;
}

enum { LOST = 1 };

/* LOST when it isn't intact. */
static int
read_row(struct salvage *salvage, const struct table *table,
	 const struct index_entry *entry, struct record *record,
	 struct error *error)
{
	struct salvage_source *source = &salvage->source;
	uint32_t segment_size = source->engine.segments.segment_size;
	struct location at = entry->location;
	uint32_t size = run_extent(segment_size, at);

	if (!reserve(salvage, size))
		return error_no_memory(error);
	salvage_read(source, at.segment, at.offset, salvage->bytes, size,
		     false);
	run_gather(salvage->bytes, segment_size, at);
	if (engine_verify_record(&source->engine, table->id, entry,
				 salvage->bytes, record, NULL) == 0)
		return 0;
	salvage_lose(source, at.segment, at.offset, at.size, LOSS_CHECKSUM,
		     table->id >= ENGINE_TABLE_FIRST);
	return LOST;
}

static int
save_row(struct salvage *salvage, const struct table *table,
	 const struct index_entry *entry, uint64_t *rows, struct error *error)
{
	struct record record;
	struct engine_write write;
	struct error refusal = ERROR_INIT;
	int status = read_row(salvage, table, entry, &record, error);

	salvage->seen_bytes += entry->location.size;
	if (status != 0)
		return status == LOST ? 0 : status;
	write = (struct engine_write){
		.kind = ENGINE_WRITE_ROW,
		.table = table->id,
		.key = record.key,
		.value = record.value,
		.timestamp_us = record.timestamp_us,
		.is_explicit = table->has_explicit,
		.expires_at_s = entry->expires_at_s,
	};
	status = write_one(salvage, &write, &refusal);
	if (status == 0) {
		(*rows)++;
		salvage->saved_bytes += write.key.size + write.value.size;
	}
	if (status < 0 && refusal.code == ERROR_INVALID) {
		salvage_lose_row(&salvage->source, entry->location.segment,
				 entry->location.offset, refusal.message);
		return 0;
	}
	if (status < 0)
		*error = refusal;
	return status;
}

/* ---- tables ---- */

/* Saving is one look more, however many of the bytes live. */
static int
go_on(struct salvage *salvage, struct error *error)
{
	struct salvage_source *source = &salvage->source;
	uint64_t live = source->engine.segments.live_bytes;
	uint64_t look = source->total_bytes / SALVAGE_LOOKS;
	uint64_t done = 0;

	if (salvage->seen_bytes < live)
		done = (uint64_t)((double)look * (double)salvage->seen_bytes /
				  (double)live);
	done += source->total_bytes - look;
	return salvage_go_on(source,
			     done > source->done_bytes ?
				     done - source->done_bytes :
				     0,
			     error);
}

static int
save_rows(struct salvage *salvage, const struct table *table, uint64_t *rows,
	  struct error *error)
{
	struct index_entry entries[ROWS_STEP];
	int64_t token = INT64_MIN;
	uint64_t fingerprint = 0;
	size_t count;

	do {
		count = primary_index_range(table->index, token, fingerprint,
					    INT64_MAX, entries, ROWS_STEP);
		for (size_t i = 0; i < count; i++) {
			int status = entries[i].is_tombstone ?
					     0 :
					     save_row(salvage, table,
						      &entries[i], rows,
						      error);

			if (status < 0)
				return status;
		}
		if (count < ROWS_STEP)
			break;
		token = entries[count - 1].token;
		fingerprint = entries[count - 1].fingerprint + 1;
		if (fingerprint == 0 && token++ == INT64_MAX)
			break;
	} while (go_on(salvage, error) == 0);
	return count < ROWS_STEP ? 0 : go_on(salvage, error);
}

static int
save_table(struct salvage *salvage, const struct table *table,
	   struct error *error)
{
	struct salvage_report *report = salvage->source.report;
	uint64_t rows = 0;
	int status = make_table(salvage, table->id, error);

	salvage->saved_bytes = 0;
	if (status == 0)
		status = save_rows(salvage, table, &rows, error);
	if (status < 0 || table->id < ENGINE_TABLE_FIRST)
		return status;
	report->rows += rows;
	report->bytes += salvage->saved_bytes;
	if (report->on_table != NULL)
		report->on_table(report->context, table->id, rows,
				 salvage->saved_bytes);
	return 0;
}

static int
save_tables(struct salvage *salvage, struct error *error)
{
	const struct engine *engine = &salvage->source.engine;
	struct engine *fresh = salvage->fresh;
	const struct table_registry *tables = &engine->tables;
	uint32_t next_id = tables->next_id;

	if (!salvage->source.has_manifest && next_id < UINT32_MAX / 2)
		next_id += UNSEEN_TABLES;
	if (next_id > fresh->tables.next_id)
		fresh->tables.next_id = next_id;
	/* Timestamps that were given must stay in the past. */
	if (engine->clock_us > fresh->clock_us)
		fresh->clock_us = engine->clock_us;
	for (size_t i = 0; i < tables->count; i++) {
		const struct table *table = tables->tables[i];
		int status = 0;

		if (table != engine->registry && table != engine->freed)
			status = save_table(salvage, table, error);
		if (status < 0)
			return status;
	}
	return 0;
}

/* ---- the door ---- */

static int
open_fresh(struct salvage *salvage, struct io *fresh, struct error *error)
{
	const struct manifest *manifest = &salvage->source.engine.manifest;
	struct engine_options options = {
		.sync = ENGINE_SYNC_OFF,
		.is_salvaging = true,
		.segment_size = manifest->segment_size,
		.file_segments = manifest->file_segments,
	};

	return engine_open(fresh, &options, &salvage->fresh, error);
}

static int
salvage_opened(struct salvage *salvage, struct io *fresh, struct error *error)
{
	int status = salvage_scan(&salvage->source, error);
	int closed;

	if (status < 0) {
		fresh->methods->destroy(fresh);
		return status;
	}
	status = open_fresh(salvage, fresh, error);
	if (status < 0)
		return status;
	status = save_tables(salvage, error);
	if (status == 0)
		salvage_tell_losses(&salvage->source);
	closed = engine_close(salvage->fresh, status < 0 ? NULL : error);
	return status < 0 ? status : closed;
}

int
salvage_run(struct io *damaged, struct io *fresh,
	    struct salvage_report *report, struct error *error)
{
	struct salvage salvage = { 0 };
	int status;

	report->rows = 0;
	report->bytes = 0;
	report->faults = 0;
	report->notes = 0;
	report->may_resurrect = false;
	status = salvage_source_open(&salvage.source, damaged, report, error);
	if (status < 0) {
		fresh->methods->destroy(fresh);
		return status;
	}
	status = salvage_opened(&salvage, fresh, error);
	free(salvage.bytes);
	salvage_source_close(&salvage.source);
	return status;
}
