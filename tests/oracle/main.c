/* SPDX-License-Identifier: MIT
 *
 *     oracle [--seed N] [--statements N] [--plant N] [--directory PATH]
 *
 * Random CQL against logstor and against SQLite.  Prints its seed; a failure
 * is reduced and printed as a script.  --plant gets a rule wrong on purpose
 * in the model (1 … 7), and succeeds only if that is noticed. */
#include "tests/oracle/episode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct campaign {
	uint64_t seed;
	uint64_t statements;
	enum plant plant;
	const char *directory;
	char path[512];
};

static bool
parse(struct campaign *campaign, int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--seed") == 0)
			campaign->seed = strtoull(argv[i + 1], NULL, 0);
		else if (strcmp(argv[i], "--statements") == 0)
			campaign->statements = strtoull(argv[i + 1], NULL, 0);
		else if (strcmp(argv[i], "--plant") == 0)
			campaign->plant = (enum plant)atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--directory") == 0)
			campaign->directory = argv[i + 1];
		else
			return false;
	}
	return argc % 2 == 1 && campaign->plant < PLANT_COUNT;
}

static void
report(struct episode *episode, struct model *model, const char *path,
       struct failure *failure)
{
	struct buffer out = { 0 };

	episode_reduce(episode, model, path, failure);
	episode_print(episode, failure, &out);
	fwrite(out.data, 1, out.size, stdout);
	buffer_finish(&out);
}

/* Runs episodes until enough statements were compared or one failed. */
static bool
run(const struct campaign *campaign)
{
	struct model *model = model_create(campaign->plant);
	struct failure failure = { 0 };
	struct episode *episode = malloc(sizeof(*episode));
	uint64_t done = 0;
	bool has_failed = false;

	for (uint64_t i = 0; episode && done < campaign->statements; i++) {
		episode_make(episode, campaign->seed + i);
		has_failed = episode_run(episode, model, campaign->path,
					 &failure);
		done += failure.index + 1;
		if (has_failed) {
			printf("-- seed %" PRIu64 " differs at statement %zu;"
			       " reduced:\n", episode->seed, failure.index + 1);
			fflush(stdout);
			report(episode, model, campaign->path, &failure);
			failure_finish(&failure);
		}
		episode_finish(episode);
		if (has_failed)
			break;
	}
	free(episode);
	model_destroy(model);
	printf("%" PRIu64 " statements compared\n", done);
	return !has_failed && done >= campaign->statements;
}

int
main(int argc, char **argv)
{
	struct campaign campaign = { .statements = 100000 };
	bool is_same;

	campaign.seed = (uint64_t)time(NULL) * 1000003 + (uint64_t)getpid();
	campaign.directory = getenv("TMPDIR");
	if (!parse(&campaign, argc, argv)) {
		fprintf(stderr, "usage: oracle [--seed N] [--statements N]"
				" [--plant N] [--directory PATH]\n");
		return 2;
	}
	printf("oracle --seed %" PRIu64 " --statements %" PRIu64 "\n",
	       campaign.seed, campaign.statements);
	fflush(stdout);
	snprintf(campaign.path, sizeof(campaign.path), "%s/oracle-%d.db",
		 campaign.directory ? campaign.directory : "/tmp",
		 (int)getpid());
	is_same = run(&campaign);
	if (campaign.plant == PLANT_NONE)
		return is_same ? 0 : 1;
	printf("the planted mistake was %s\n", is_same ? "missed" : "found");
	return is_same ? 1 : 0;
}
