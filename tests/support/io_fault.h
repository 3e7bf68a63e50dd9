/* SPDX-License-Identifier: MIT
 *
 * A disk in memory that fails, fills up and loses power when it is told to.
 * A struct io is a door to it, and the disk outlives the door: what an engine
 * left behind is opened again through another one.
 *
 * Of every file the disk knows two versions: what was written, and what is on
 * stable storage.  A crash leaves, sector by sector, one or the other. */
#ifndef TESTS_SUPPORT_IO_FAULT_H
#define TESTS_SUPPORT_IO_FAULT_H

#include "storage/io/io.h"

enum { FAULT_SECTOR = 512 };

struct fault_file;

struct fault_disk {
	/* The tests' to set at any time. */
	int64_t clock_us;          /* goes on by 1 with each look */
	uint64_t bytes_max;        /* of all files; 0: no limit: -ENOSPC */
	uint64_t fail_after;       /* operations that still succeed, when
				      fail_errno is set */
	unsigned fail_kinds;       /* 1 << enum io_kind, of those that fail */
	int fail_errno;            /* positive; 0: nothing fails */
	bool fails_once;           /* the next one succeeds again */
	bool is_dead;              /* everything fails: the power is off */
	unsigned polls_failing;    /* so many of the next polls fail, and
				      complete nothing */
	bool is_shuffling;         /* operations complete in any order */
	bool cannot_exchange;      /* as some file systems */
	int open_errno;            /* positive: no file can be opened, after
				      ${opens_left} more */
	uint64_t opens_left;

	/* The tests' to look at. */
	uint64_t writes;           /* operations and plain calls that change
				      something */
	uint64_t reads;
	uint64_t syncs;
	uint64_t operations;       /* all that were submitted */

	uint64_t random;
	struct fault_file *names;   /* the directory as it is */
	struct fault_file *durable; /* and as it was when it was last synced */
	bool is_locked;
};

struct fault_disk *fault_disk_create(uint64_t seed);
void fault_disk_destroy(struct fault_disk *disk);
/* A door; its destroy unlocks the disk and leaves it alone otherwise. */
struct io *fault_disk_open(struct fault_disk *disk);

/* What the disk holds after the power failed now: a disk of its own. What
 * wasn't synced is there, or not, or torn, as the seed will have it. */
struct fault_disk *fault_disk_crash(const struct fault_disk *disk,
				    uint64_t seed);
/* Everything that was written, synced or not: as after a kill. */
struct fault_disk *fault_disk_copy(const struct fault_disk *disk);

/* The bytes of a file, to look at or damage; NULL when it isn't there. */
uint8_t *fault_disk_file(struct fault_disk *disk, const char *name,
			 size_t *size);
void fault_disk_resize(struct fault_disk *disk, const char *name, size_t size);
void fault_disk_remove(struct fault_disk *disk, const char *name);
void fault_disk_add(struct fault_disk *disk, const char *name,
		    const void *bytes, size_t size);
void fault_disk_rename(struct fault_disk *disk, const char *from,
		       const char *to);
/* A number that changes when any name or byte does. */
uint64_t fault_disk_checksum(const struct fault_disk *disk);
/* Calls visit with each name. */
size_t fault_disk_count(const struct fault_disk *disk);

#endif
