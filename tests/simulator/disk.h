/* SPDX-License-Identifier: MIT
 *
 * A simulated disk, its directory and its clock, as a struct io.  Everything
 * that happens on it follows from a seed: operations complete out of order
 * after short waits, the power fails at an event that was chosen beforehand,
 * and what nobody promised is lost, torn, reordered or cut.
 *
 * A door is what an engine owns; the disk outlives it.  After a crash the door
 * that was open answers everything with -EIO and changes nothing any more. */
#ifndef TESTS_SIMULATOR_DISK_H
#define TESTS_SIMULATOR_DISK_H

#include "storage/io/io.h"
#include "tests/oracle/random.h"
#include "tests/simulator/content.h"

enum disk_crash {
	DISK_KILL, /* the process ends: what was written stays with the OS */
	DISK_POWER /* what isn't on stable storage survives by lot */
};

/* Chances in 10,000, for each operation or call. */
struct disk_faults {
	uint32_t read_error;
	uint32_t write_error;
	uint32_t sync_error;
	uint32_t call_error;
	uint64_t bytes_max; /* of all files; 0: no limit */
};

struct disk_name {
	char *name;
	struct content *content;
};

struct disk_names {
	struct disk_name *names;
	size_t count;
	size_t capacity;
};

/* A change of the directory that isn't durable yet. */
struct disk_rename {
	char *from;              /* NULL: the name is new */
	char *to;                /* NULL: the name is removed */
	struct content *content;
	struct content *other;   /* takes the name ->from; NULL: none does */
};

/* A piece of a file as it was once. */
struct disk_memory {
	uint32_t content_number;
	size_t at;
	size_t size;
	uint8_t *data; /* NULL: nothing is kept here */
};

enum { DISK_MEMORIES = 6 };

struct disk_door;

struct disk {
	/* The caller's to set at any time. */
	struct disk_faults faults;
	struct random random;    /* latencies, errors, what survives */
	int64_t clock_offset_us; /* the clock against the time that passes */
	bool misdirects_next;    /* the next write goes to a wrong place */
	bool loses_next;         /* or nowhere, and says that all is well */
	uint32_t lies_after;     /* or as many writes later */
	bool fails_checkpoints;  /* all writes to them */
	bool is_verbose;         /* prints everything that is asked of it */

	/* The caller's to look at. */
	bool has_crashed;
	enum disk_crash crash_kind;
	uint64_t injected;       /* errors that were made up */
	uint64_t misdirected;    /* or lost */
	uint64_t dropped;        /* failed syncs that gave something up */
	uint64_t events;
	uint64_t changes;        /* submitted writes and syncs, and calls that
				    change something */
	uint64_t hash;           /* of everything that was asked and answered */
	int64_t time_us;
	uint64_t unsynced_lost;  /* crashes that found something not durable */

	/* The disk's own. */
	uint64_t crash_at; /* event; 0: none */
	uint64_t sequence; /* of completed changes */
	struct content *contents;
	uint32_t content_count;
	struct disk_names seen;
	struct disk_names durable;
	struct disk_rename *renames;
	size_t rename_count;
	size_t rename_capacity;
	uint64_t rename_first; /* number of renames[0] since the beginning */
	struct disk_memory memories[DISK_MEMORIES];
	struct disk_door *door; /* the open one, or NULL */
};

struct disk *disk_create(uint64_t seed);
/* No door may be open. */
void disk_destroy(struct disk *disk);

struct io *disk_open_door(struct disk *disk);

/* Crashes at the ${events}-th event from now on, unless it is disarmed. */
void disk_arm(struct disk *disk, uint32_t events, enum disk_crash kind);
void disk_disarm(struct disk *disk);
void disk_crash_now(struct disk *disk, enum disk_crash kind);
/* Before a door is opened, and when the old one is closed: the power is back,
 * and nobody sees any more what a failed sync has given up. */
void disk_restart(struct disk *disk);

size_t disk_in_flight(const struct disk *disk);

/* Damage: a bit of some file is flipped; sectors, blocks or segments are zero,
 * or have changed places; a piece is again what it was when it was kept; a file
 * is cut.  False when nothing has changed. */
bool disk_flip(struct disk *disk, struct random *random);
bool disk_zero(struct disk *disk, struct random *random,
	       uint32_t segment_size);
bool disk_swap(struct disk *disk, struct random *random,
	       uint32_t segment_size);
void disk_keep(struct disk *disk, struct random *random,
	       uint32_t segment_size);
bool disk_return(struct disk *disk, struct random *random);
bool disk_cut(struct disk *disk, struct random *random);
/* A whole file is kept, and put back under its name.  False when it isn't there
 * or that is what it holds. */
bool disk_keep_file(const struct disk *disk, const char *name,
		    struct disk_memory *memory);
bool disk_put_back(struct disk *disk, const char *name,
		   const struct disk_memory *memory);
/* A bit of some file of segments. */
bool disk_rot(struct disk *disk, struct random *random);

/* A number that changes with any name or byte that can be seen. */
uint64_t disk_checksum(const struct disk *disk);

/* The disk's parts, for each other. */
void disk_note(struct disk *disk, uint64_t number);
void disk_sync_names(struct disk *disk, uint64_t renames);
struct content *disk_find(const struct disk *disk, const char *name);
struct content *disk_add(struct disk *disk, const char *name);
void disk_rename(struct disk *disk, const char *from, const char *to);
void disk_exchange(struct disk *disk, const char *from, const char *to);
uint64_t disk_used_bytes(const struct disk *disk);
/* What is in flight through the door comes to its end. */
void disk_cut_short(struct disk_door *door, struct survival *survival);

#endif
