/* SPDX-License-Identifier: MIT
 *
 *	crash_disk [FUSE options] MOUNTPOINT
 *
 * A disk that forgets, for a loop device and a file system on top of it: a
 * FUSE directory with two files.
 *
 *	disk     the device's bytes.  What is written stays volatile until the
 *	         next fsync.
 *	control  "cut N": power fails; of each volatile sector of 512 bytes,
 *	         by lot N, one of the versions since the last fsync is kept, or
 *	         none; every access fails from then on.
 *	         "revive": the disk is back, with what survived. */
#define FUSE_USE_VERSION 31

#include <errno.h>
#include <fuse3/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512, DISK_SIZE = 96 << 20, SECTORS = DISK_SIZE / SECTOR };

/* What a sector held before one of the volatile writes. */
struct version {
	struct version *before;
	uint8_t bytes[SECTOR];
};

static struct {
	uint8_t *bytes;
	struct version **versions; /* of each sector, newest first */
	uint32_t *volatiles;       /* sectors that have versions */
	uint32_t volatile_count;
	int is_dead;
	uint64_t lot;
} disk;

static uint64_t
draw(void)
{
	uint64_t x = disk.lot += 0x9e3779b97f4a7c15;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static void
forget_versions(uint32_t sector)
{
	while (disk.versions[sector] != NULL) {
		struct version *gone = disk.versions[sector];

		disk.versions[sector] = gone->before;
		free(gone);
	}
}

/* Steps back over as many versions as the lot says. */
static void
tear(uint32_t sector)
{
	for (struct version *version = disk.versions[sector];
	     version != NULL && draw() % 2 == 0; version = version->before)
		memcpy(disk.bytes + (size_t)sector * SECTOR, version->bytes,
		       SECTOR);
	forget_versions(sector);
}

static void
cut(uint64_t lot)
{
	disk.lot = lot;
	for (uint32_t i = 0; i < disk.volatile_count; i++)
		tear(disk.volatiles[i]);
	disk.volatile_count = 0;
	disk.is_dead = 1;
}

static int
is_disk(const char *path)
{
	return strcmp(path, "/disk") == 0;
}

static int
disk_getattr(const char *path, struct stat *status, struct fuse_file_info *file)
{
	(void)file;
	memset(status, 0, sizeof(*status));
	if (strcmp(path, "/") == 0) {
		status->st_mode = S_IFDIR | 0700;
		status->st_nlink = 2;
	} else if (is_disk(path) || strcmp(path, "/control") == 0) {
		status->st_mode = S_IFREG | 0600;
		status->st_nlink = 1;
		status->st_size = is_disk(path) ? DISK_SIZE : 0;
	} else {
		return -ENOENT;
	}
	return 0;
}

static int
disk_readdir(const char *path, void *names, fuse_fill_dir_t fill, off_t offset,
	     struct fuse_file_info *file, enum fuse_readdir_flags flags)
{
	(void)path;
	(void)offset;
	(void)file;
	(void)flags;
	fill(names, "disk", NULL, 0, 0);
	fill(names, "control", NULL, 0, 0);
	return 0;
}

static int
disk_open(const char *path, struct fuse_file_info *file)
{
	(void)path;
	file->direct_io = 1;
	return 0;
}

static int
disk_truncate(const char *path, off_t size, struct fuse_file_info *file)
{
	(void)path;
	(void)size;
	(void)file;
	return 0;
}

static int
disk_read(const char *path, char *data, size_t size, off_t offset,
	  struct fuse_file_info *file)
{
	(void)file;
	if (!is_disk(path) || offset >= DISK_SIZE)
		return 0;
	if (disk.is_dead)
		return -EIO;
	if (size > (size_t)(DISK_SIZE - offset))
		size = (size_t)(DISK_SIZE - offset);
	memcpy(data, disk.bytes + offset, size);
	return (int)size;
}

static int
keep_version(uint32_t sector)
{
	struct version *version = malloc(sizeof(*version));

	if (version == NULL)
		return -ENOMEM;
	if (disk.versions[sector] == NULL)
		disk.volatiles[disk.volatile_count++] = sector;
	memcpy(version->bytes, disk.bytes + (size_t)sector * SECTOR, SECTOR);
	version->before = disk.versions[sector];
	disk.versions[sector] = version;
	return 0;
}

static int
obey(const char *text, size_t size)
{
	char order[64] = { 0 };

	memcpy(order, text, size < sizeof(order) ? size : sizeof(order) - 1);
	if (strncmp(order, "cut ", 4) == 0)
		cut(strtoull(order + 4, NULL, 10));
	else if (strncmp(order, "revive", 6) == 0)
		disk.is_dead = 0;
	else
		return -EINVAL;
	return (int)size;
}

static int
disk_write(const char *path, const char *data, size_t size, off_t offset,
	   struct fuse_file_info *file)
{
	(void)file;
	if (!is_disk(path))
		return obey(data, size);
	if (disk.is_dead)
		return -EIO;
	if (offset >= DISK_SIZE || size > (size_t)(DISK_SIZE - offset))
		return -ENOSPC;
	for (off_t at = offset / SECTOR; at <= (offset + (off_t)size - 1) /
						       SECTOR;
	     at++) {
		if (keep_version((uint32_t)at) < 0)
			return -ENOMEM;
	}
	memcpy(disk.bytes + offset, data, size);
	return (int)size;
}

static int
disk_fsync(const char *path, int is_data_only, struct fuse_file_info *file)
{
	(void)path;
	(void)is_data_only;
	(void)file;
	if (disk.is_dead)
		return -EIO;
	for (uint32_t i = 0; i < disk.volatile_count; i++)
		forget_versions(disk.volatiles[i]);
	disk.volatile_count = 0;
	return 0;
}

static const struct fuse_operations operations = {
	.getattr = disk_getattr,
	.readdir = disk_readdir,
	.open = disk_open,
	.truncate = disk_truncate,
	.read = disk_read,
	.write = disk_write,
	.fsync = disk_fsync,
};

int
main(int argc, char **argv)
{
	disk.bytes = calloc(1, DISK_SIZE);
	disk.versions = calloc(SECTORS, sizeof(*disk.versions));
	disk.volatiles = calloc(SECTORS, sizeof(*disk.volatiles));
	if (disk.bytes == NULL || disk.versions == NULL ||
	    disk.volatiles == NULL) {
		fprintf(stderr, "crash_disk: out of memory\n");
		return 1;
	}
	return fuse_main(argc, argv, &operations, NULL);
}
