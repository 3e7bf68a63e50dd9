/* SPDX-License-Identifier: MIT */
#include "cli/output.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* A database that commits or doesn't, and a pipe that shows what leaves. */
struct scene {
	struct output output;
	int pipe[2];
	unsigned commit_count;
	bool commit_fails;
	char seen[256];
};

static bool
commit(void *context)
{
	struct scene *scene = context;

	scene->commit_count++;
	return !scene->commit_fails;
}

static void
scene_begin(struct scene *scene)
{
	*scene = (struct scene){ .commit_count = 0 };
	assert_int_equal(pipe2(scene->pipe, O_NONBLOCK), 0);
	output_init(&scene->output, commit, scene);
	scene->output.results_fd = scene->pipe[1];
}

static void
scene_end(struct scene *scene)
{
	output_finish(&scene->output);
	close(scene->pipe[0]);
	close(scene->pipe[1]);
}

static void
say(struct scene *scene, enum output_stream stream, const char *text)
{
	buffer_append_string(output_begin(&scene->output, stream), text);
}

static const char *
read_results(struct scene *scene)
{
	ssize_t size = read(scene->pipe[0], scene->seen,
			    sizeof(scene->seen) - 1);

	scene->seen[size < 0 ? 0 : size] = '\0';
	return scene->seen;
}

TEST(results_wait_until_they_are_flushed)
{
	struct scene scene;

	scene_begin(&scene);
	say(&scene, OUTPUT_RESULTS, "one ");
	output_settle(&scene.output);
	assert_string_equal(read_results(&scene), "");
	say(&scene, OUTPUT_RESULTS, "two");
	output_flush(&scene.output);
	assert_string_equal(read_results(&scene), "one two");
	assert_int_equal(scene.commit_count, 1);
	scene_end(&scene);
}

TEST(what_is_large_leaves_by_itself)
{
	struct scene scene;

	scene_begin(&scene);
	buffer_append_repeated(output_begin(&scene.output, OUTPUT_RESULTS),
			       'x', 60000);
	output_settle(&scene.output);
	assert_string_equal(read_results(&scene), "");
	assert_int_equal(scene.commit_count, 0);
	buffer_append_repeated(output_begin(&scene.output, OUTPUT_RESULTS),
			       'x', 5540);
	output_settle(&scene.output);
	assert_int_equal(scene.commit_count, 1);
	assert_int_equal(read_results(&scene)[0], 'x');
	scene_end(&scene);
}

TEST(results_whose_commit_fails_never_leave)
{
	struct scene scene;

	scene_begin(&scene);
	scene.commit_fails = true;
	say(&scene, OUTPUT_RESULTS, "not so");
	output_flush(&scene.output);
	assert_int_equal(scene.commit_count, 1);
	assert_string_equal(read_results(&scene), "");
	scene.commit_fails = false;
	say(&scene, OUTPUT_RESULTS, "so");
	output_flush(&scene.output);
	assert_string_equal(read_results(&scene), "so");
	scene_end(&scene);
}

TEST(messages_alone_commit_nothing)
{
	struct scene scene;

	scene_begin(&scene);
	say(&scene, OUTPUT_MESSAGES, "");
	say(&scene, OUTPUT_RESULTS, "");
	say(&scene, OUTPUT_MESSAGES, "# a message\n");
	output_flush(&scene.output);
	assert_int_equal(scene.commit_count, 0);
	scene_end(&scene);
}

TEST(both_streams_keep_the_order_in_which_they_were_used)
{
	struct scene scene;
	int saved = dup(STDERR_FILENO);

	/* One pipe for both shows their order. */
	scene_begin(&scene);
	assert_true(dup2(scene.pipe[1], STDERR_FILENO) >= 0);
	for (int i = 0; i < 20; i++) {
		say(&scene, OUTPUT_RESULTS, "r");
		say(&scene, OUTPUT_MESSAGES, "m");
	}
	output_flush(&scene.output);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	assert_string_equal(read_results(&scene),
			    "rmrmrmrmrmrmrmrmrmrmrmrmrmrmrmrmrmrmrmrm");
	scene_end(&scene);
}

TEST(a_reader_that_is_gone_breaks_results_until_they_go_elsewhere)
{
	struct scene scene;
	int other[2];

	signal(SIGPIPE, SIG_IGN);
	scene_begin(&scene);
	assert_int_equal(pipe(other), 0);
	close(scene.pipe[0]);
	say(&scene, OUTPUT_RESULTS, "lost");
	output_flush(&scene.output);
	assert_true(scene.output.is_broken);
	assert_int_equal(scene.output.failure, EPIPE);
	output_redirect(&scene.output, other[1]);
	assert_false(scene.output.is_broken);
	say(&scene, OUTPUT_RESULTS, "found");
	output_flush(&scene.output);
	scene.pipe[0] = other[0];
	assert_string_equal(read_results(&scene), "found");
	scene_end(&scene);
	close(other[1]);
}

TEST(answers_go_on_where_results_went_before)
{
	struct scene scene;
	int captured[2];
	char seen[16] = "";

	scene_begin(&scene);
	scene.output.answers_fd = scene.pipe[1];
	assert_int_equal(pipe(captured), 0);
	say(&scene, OUTPUT_RESULTS, "result ");
	output_redirect(&scene.output, captured[1]);
	say(&scene, OUTPUT_ANSWERS, "answer ");
	say(&scene, OUTPUT_RESULTS, "captured");
	output_redirect(&scene.output, -1);
	say(&scene, OUTPUT_RESULTS, "again");
	output_flush(&scene.output);
	assert_string_equal(read_results(&scene), "result answer again");
	assert_int_equal(read(captured[0], seen, sizeof(seen) - 1), 8);
	assert_string_equal(seen, "captured");
	close(captured[0]);
	close(captured[1]);
	scene_end(&scene);
}

TEST(answers_that_nobody_reads_break_results_for_good)
{
	struct scene scene;
	int captured[2];

	signal(SIGPIPE, SIG_IGN);
	scene_begin(&scene);
	scene.output.answers_fd = scene.pipe[1];
	assert_int_equal(pipe(captured), 0);
	output_redirect(&scene.output, captured[1]);
	close(scene.pipe[0]);
	say(&scene, OUTPUT_ANSWERS, "lost");
	output_flush(&scene.output);
	assert_true(scene.output.is_unanswered);
	output_redirect(&scene.output, -1);
	assert_true(scene.output.is_broken);
	scene.pipe[0] = captured[0];
	scene_end(&scene);
	close(captured[1]);
}

UNIT_MAIN()
