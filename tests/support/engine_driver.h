/* SPDX-License-Identifier: MIT
 *
 * An engine for tests: every call waits until it is done and must succeed,
 * unless the name says otherwise. */
#ifndef TESTS_SUPPORT_ENGINE_DRIVER_H
#define TESTS_SUPPORT_ENGINE_DRIVER_H

#include "storage/engine.h"
#include "tests/support/io_fault.h"

/* Small, so that few writes reach every path. */
extern const struct engine_options driver_small;

struct engine *driver_open(struct io *io, const struct engine_options *options);
struct engine *driver_open_disk(struct fault_disk *disk);
/* What opening fails with; the engine must not open. */
struct error driver_open_error(struct io *io,
			       const struct engine_options *options);
void driver_close(struct engine *engine);
/* The power fails, then the engine's memory is freed: what the disk holds. */
struct fault_disk *driver_crash(struct engine *engine, struct fault_disk *disk,
				uint64_t seed);
/* The process is killed: everything written is there. */
struct fault_disk *driver_kill(struct engine *engine, struct fault_disk *disk);
/* Frees the engine of a disk that is of no interest any more. */
void driver_abandon(struct engine *engine, struct fault_disk *disk);

/* engine_write, waited for, with what it returns. */
int driver_try_write(struct engine *engine, const struct engine_write *writes,
		     size_t count, uint64_t *lsn, struct error *error);
int driver_try_commit(struct engine *engine, uint64_t lsn,
		      struct error *error);
uint64_t driver_write(struct engine *engine, const struct engine_write *writes,
		      size_t count);
void driver_commit(struct engine *engine, uint64_t lsn);

/* A registered and committed table. */
uint32_t driver_create_table(struct engine *engine);
uint64_t driver_drop_table(struct engine *engine, uint32_t table);
uint64_t driver_put(struct engine *engine, uint32_t table, const char *key,
		    const char *value);
uint64_t driver_put_at(struct engine *engine, uint32_t table, const char *key,
		       const char *value, int64_t timestamp_us);
uint64_t driver_delete(struct engine *engine, uint32_t table, const char *key);
uint64_t driver_delete_at(struct engine *engine, uint32_t table,
			  const char *key, int64_t timestamp_us);

/* Rows "key-N", N from ${first} on, in as few buffers as they fit into. */
void driver_put_many(struct engine *engine, uint32_t table, int first,
		     int count);

int driver_try_checkpoint(struct engine *engine, struct error *error);
void driver_checkpoint(struct engine *engine);
void driver_compact(struct engine *engine);

/* The value as a string that lives until the next call; NULL when there is no
 * live row. */
const char *driver_get(struct engine *engine, uint32_t table,
		       const char *key);
int driver_try_get(struct engine *engine, uint32_t table, struct slice key,
		   struct engine_row *row, struct buffer *value,
		   struct error *error);

/* Calls visit for each row; returns how many, or a negative status. */
int64_t driver_scan(struct engine *engine,
		    const struct engine_scan_range *range,
		    void (*visit)(void *context, const struct engine_row *row),
		    void *context, struct error *error);
/* Where the index has the settled row, which must be there. */
struct location driver_find_location(struct engine *engine, uint32_t table,
				     const char *key);
uint64_t driver_scan_count(struct engine *engine, uint32_t table);
uint64_t driver_count(struct engine *engine, uint32_t table);

#endif
