/* SPDX-License-Identifier: MIT */
#include "storage/salvage/salvage_scan.h"

#include "storage/salvage/salvage_state.h"

#include <stdlib.h>

const struct void_list *
salvage_voids_of(const struct salvage_scan *scan, uint8_t stream)
{
	const struct manifest *manifest = &scan->engine->manifest;

	return stream == STREAM_MOVING ? &manifest->moving_voids :
					 &manifest->user_voids;
}

void
salvage_scan_finish(struct salvage_scan *scan)
{
	log_intake_finish(&scan->intake);
	log_map_finish(&scan->damaged[0]);
	log_map_finish(&scan->damaged[1]);
	free(scan->is_there);
	scan->intake = (struct log_intake){ 0 };
	scan->is_there = NULL;
}

/* ---- the end ---- */

/* A table without a registration is taken for registered: that row is lost,
 * and its own are not. */
static void
register_strays(struct salvage_scan *scan)
{
	struct table_registry *tables = &scan->engine->tables;

	for (size_t i = 0; i < tables->count; i++)
		tables->tables[i]->is_registered = true;
}

/* Rows whose place is gone. */
static void
tell_lost(struct salvage_scan *scan, struct table *table)
{
	struct index_entry entry;
	int64_t token = INT64_MIN;
	uint64_t fingerprint = 0;

	while (scan->intake.replay.stale > 0 &&
	       primary_index_range(table->index, token, fingerprint, INT64_MAX,
				   &entry, 1) == 1) {
		struct index_entry old;

		token = entry.token;
		fingerprint = entry.fingerprint + 1;
		if (entry.location.size == 0) {
			if (table->id != ENGINE_TABLE_REGISTRY &&
			    table->id != ENGINE_TABLE_FREED &&
			    engine_is_live(scan->engine, &entry))
				salvage_lose(scan->source,
					     entry.location.segment,
					     entry.location.offset, 0,
					     LOSS_REPLACED, 1);
			if (primary_index_remove(table->index, entry.token,
						 entry.fingerprint, &old))
				scan->intake.replay.stale--;
		}
		if (fingerprint == 0 && token++ == INT64_MAX)
			return;
	}
}

static int
judge(struct salvage_scan *scan, struct error *error)
{
	struct table_registry *tables = &scan->engine->tables;
	int status;

	register_strays(scan);
	status = replay_judge_tables(&scan->intake.replay, error);
	if (status < 0)
		return status;
	for (size_t i = 0; i < tables->count; i++)
		tell_lost(scan, tables->tables[i]);
	return 0;
}

static int
look(struct salvage_scan *scan, struct error *error)
{
	static const struct salvage_visitor first = {
		.on_buffer = salvage_look_at_buffer,
		.on_damage = salvage_look_at_damage,
	};
	static const struct salvage_visitor second = {
		.on_buffer = salvage_take_buffer,
		.on_damage = salvage_take_damage,
	};
	int status = salvage_visit(scan, &first, true, error);

	if (status == 0)
		status = salvage_judge(scan, error);
	if (status == 0)
		status = salvage_visit(scan, &second, false, error);
	return status;
}

/* Two looks at everything; saving the rows is told as much again. */
static void
expect_work(struct salvage_source *source)
{
	const struct segment_manager *segments = &source->engine.segments;

	source->total_bytes = SALVAGE_LOOKS *
			      (uint64_t)segments->segment_count *
			      segments->segment_size;
}

int
salvage_scan(struct salvage_source *source, struct error *error)
{
	struct salvage_scan scan = { .source = source,
				     .engine = &source->engine };
	const struct manifest *manifest = &source->engine.manifest;
	int status = salvage_load(&scan, error);
	bool has_forgotten = !source->has_manifest ||
			     (manifest->flags & MANIFEST_FORGOTTEN) != 0;

	source->report->may_resurrect = !scan.has_checkpoint && has_forgotten;
	source->is_certain = scan.has_checkpoint || !has_forgotten;
	source->has_end = source->has_manifest &&
			  (manifest->flags & MANIFEST_CLEAN) != 0;
	expect_work(source);
	if (status == 0)
		status = look(&scan, error);
	if (status == 0)
		status = judge(&scan, error);
	if (status == 0)
		salvage_raise(&source->engine.last_lsn, scan.intake.last_lsn);
	salvage_scan_finish(&scan);
	return status;
}
