/* SPDX-License-Identifier: MIT
 *
 * The bytes of a checkpoint's file; docs/format.md explains them.
 *
 *	head (4096)    block 0       block 1      …    room for later ones
 *
 * The head says how much of everything there is, and is written last.  A block
 * holds groups of items of one section; items don't go across blocks.
 *
 *	head:	  0   8  checksum of everything behind it
 *		  8   8  magic "LOGSTORC"
 *		 16   4  format version
 *		 20   4  bytes of a block
 *		 24   8  database id
 *		 32   8  number
 *		 40   8  salt, random: tells attempts with one number apart
 *		 48   8  write sequence of the user stream
 *		 56   8  write sequence of the moving stream
 *		 64   8  next segment sequence
 *		 72   8  LSN
 *		 80   8  high mark of the clock, microseconds since 1970
 *		 88   4  next table number
 *		 92   4  segments
 *		 96   4  tables
 *		100   4  freed lives
 *		104   8  entries
 *		112   8  blocks
 *		120      zeros
 *	block:	  0   8  checksum of everything behind it
 *		  8   4  bytes of groups
 *		 12   4  reserved, zero
 *		 16      groups, then zeros
 *	group:	  0   4  section          (enum checkpoint_section)
 *		  4   4  table, of entries; else 0
 *		  8   4  items, at least 1
 *		 12      items */
#ifndef STORAGE_CHECKPOINT_CHECKPOINT_LAYOUT_H
#define STORAGE_CHECKPOINT_CHECKPOINT_LAYOUT_H

#include "storage/checkpoint/checkpoint.h"

enum {
	CHECKPOINT_HEAD_SIZE = 4096,
	CHECKPOINT_NUMBER_AT = 32, /* in the head */
	CHECKPOINT_BLOCK_SIZE_MIN = 4096,
	CHECKPOINT_BLOCK_SIZE_MAX = 64 << 10,
	CHECKPOINT_BLOCK_HEADER_SIZE = 16,
	CHECKPOINT_GROUP_HEADER_SIZE = 12,
	CHECKPOINT_SEGMENT_SIZE = 64,
	CHECKPOINT_TABLE_SIZE = 16,
	CHECKPOINT_FREED_SIZE = 32,
	CHECKPOINT_ENTRY_SIZE_MIN = 32,
	CHECKPOINT_ENTRY_SIZE_MAX = 40
};

enum checkpoint_section {
	CHECKPOINT_SEGMENTS = 1, /* one for each, in order */
	CHECKPOINT_TABLES = 2,   /* ascending */
	CHECKPOINT_FREED = 3,
	CHECKPOINT_ENTRIES = 4   /* tables ascending, and so the entries */
};

struct checkpoint_head {
	struct checkpoint_start start;
	uint32_t block_size;
	uint64_t salt;
	uint32_t segment_count;
	uint32_t table_count;
	uint32_t freed_count;
	uint64_t entry_count;
	uint64_t block_count;
};

/* Bytes of the file that are used. */
uint64_t checkpoint_file_size(const struct checkpoint_head *head);

/* Writes all of the head; returns its checksum, which the manifest keeps. */
uint64_t checkpoint_encode_head(const struct checkpoint_head *head,
				uint64_t database_id,
				uint8_t to[CHECKPOINT_HEAD_SIZE]);
/* Doubts it: NULL when it is ${which}'s, or what is wrong. */
const char *checkpoint_decode_head(const uint8_t from[CHECKPOINT_HEAD_SIZE],
				   uint64_t database_id,
				   const struct manifest_checkpoint *which,
				   struct checkpoint_head *head);

/* Finishes a block, of which ${used} bytes of groups are there. */
void checkpoint_seal_block(const struct checkpoint_head *head,
			   uint64_t database_id, uint64_t index, uint32_t used,
			   uint8_t *block);
/* Bytes of groups, or 0 when the block isn't that one. */
uint32_t checkpoint_open_block(const struct checkpoint_head *head,
			       uint64_t database_id, uint64_t index,
			       const uint8_t *block);

void checkpoint_encode_group(uint8_t *to, enum checkpoint_section section,
			     uint32_t table, uint32_t count);

void checkpoint_encode_segment(const struct checkpoint_segment *segment,
			       uint8_t to[CHECKPOINT_SEGMENT_SIZE]);
/* These doubt what they decode, and return false when it can't be. */
bool checkpoint_decode_segment(const uint8_t from[CHECKPOINT_SEGMENT_SIZE],
			       const struct checkpoint_start *start,
			       uint32_t segment_size,
			       struct checkpoint_segment *segment);
void checkpoint_encode_table(const struct checkpoint_table *table,
			     uint8_t to[CHECKPOINT_TABLE_SIZE]);
bool checkpoint_decode_table(const uint8_t from[CHECKPOINT_TABLE_SIZE],
			     struct checkpoint_table *table);
void checkpoint_encode_freed(const struct freed_life *life,
			     uint8_t to[CHECKPOINT_FREED_SIZE]);
bool checkpoint_decode_freed(const uint8_t from[CHECKPOINT_FREED_SIZE],
			     struct freed_life *life);

/* Returns the bytes that were written. */
size_t checkpoint_encode_entry(const struct index_entry *entry,
			       uint8_t to[CHECKPOINT_ENTRY_SIZE_MAX]);
/* Bytes that were read, or 0 when there is no possible entry in ${available}
 * bytes. */
size_t checkpoint_decode_entry(const uint8_t *from, size_t available,
			       const struct manifest *manifest,
			       struct index_entry *entry);
/* The same for ${*count} of them, one behind the other, up to the first that
 * is impossible: ${*count} are decoded then. */
size_t checkpoint_decode_entries(const uint8_t *from, size_t available,
				 const struct manifest *manifest,
				 struct index_entry *entries, size_t *count);

#endif
