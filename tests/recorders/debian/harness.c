/*
 * Build and run by record.py beside it (its first lines give the command); it is linked with the
 * unchanged cron.c, entry.c, job.c, env.c and misc.c of Debian's source package.
 *
 * Runs the main loop of Debian's cron on a clock of our own. The linker's --wrap option replaces
 * only what ties the daemon to the outside: time() and sleep(), the launch of a job, the reading of
 * the crontab from disk, the lock and the log. Every rule about clocks and jobs is the daemon's.
 *
 * Input, one order a line:    Z <zone>                 the zone from here on (TZ)
 *                             W <at> <until>           the window from here on, Unix seconds
 *                             E <expression>           run one crontab line over the window
 * Output, one line for an E:  the minutes after <at> at which the job was started, each once,
 *                             or "!" and the parser's message
 */
#include "cron.h"

#include <getopt.h>
#include <pwd.h>
#include <setjmp.h>

extern int cron_main(int argc, char **argv);

static time_t clock_now, clock_at, clock_until;
static long looks;
static jmp_buf over;
static char *refusal;
static user table;
static int minutes[4096];
static int fired;
static int ended;

time_t __wrap_time(time_t *out)
{
	if (++looks > 100000) {
		fprintf(stderr, "the daemon looks at the clock and never sleeps\n");
		exit(3);
	}
	if (out)
		*out = clock_now;
	return clock_now;
}

/*
 * Every job ends in the moment in which it starts. Its end is a signal that wakes the daemon from
 * its next sleep at once: so it does not stay ten seconds behind each job that it catches up on.
 */
unsigned int __wrap_sleep(unsigned int seconds)
{
	looks = 0;
	if (ended) {
		ended = 0;
		return seconds;
	}
	clock_now += seconds;
	if (clock_now >= clock_until + SECONDS_PER_MINUTE)
		longjmp(over, 1);
	return 0;
}

void __wrap_do_command(entry *e, user *u)
{
	int minute = (int)((clock_now - clock_at) / SECONDS_PER_MINUTE);

	(void)e;
	(void)u;
	ended = 1;
	if (fired && minutes[fired - 1] == minute)
		return;
	if (fired < (int)(sizeof minutes / sizeof *minutes))
		minutes[fired++] = minute;
}

void __wrap_load_database(cron_db *db) { db->head = db->tail = &table; }
void __wrap_check_orphans(cron_db *db) { (void)db; }
void __wrap_acquire_daemonlock(int closing) { (void)closing; }
void __wrap_set_cron_uid(void) {}
void __wrap_set_cron_cwd(void) {}
void __wrap_log_it(char *who, int pid, char *what, char *detail)
{
	(void)who, (void)pid, (void)what, (void)detail;
}
void log_close(void);
FILE *__wrap_fdopen(int fd, const char *mode)
{
	(void)fd, (void)mode;
	return stdin;
}
/* The mark of an earlier boot is there, so @reboot jobs are not run. */
int __wrap_access(const char *path, int mode)
{
	(void)path, (void)mode;
	return 0;
}
void free_user(user *u) { (void)u; }
void do_command(entry *e, user *u) { __wrap_do_command(e, u); }
void load_database(cron_db *db) { __wrap_load_database(db); }
void check_orphans(cron_db *db) { (void)db; }

static void complain(char *message) { refusal = message; }

static entry *parse(const char *expression)
{
	char line[4096];
	char *empty[] = {NULL};
	struct passwd who = {.pw_name = "user", .pw_dir = "/", .pw_shell = "/bin/sh"};
	FILE *file;
	entry *e;

	snprintf(line, sizeof line, "%s command\n", expression);
	refusal = NULL;
	file = fmemopen(line, strlen(line), "r");
	e = load_entry(file, complain, &who, empty);
	fclose(file);
	return e;
}

static void run(entry *e)
{
	char *arguments[] = {"cron", "-f", NULL};

	e->next = NULL;
	table.crontab = e;
	clock_now = clock_at;
	looks = 0;
	fired = ended = 0;
	optind = 0;
	if (!setjmp(over))
		cron_main(2, arguments);
}

int main(void)
{
	char line[4096];

	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == 'Z') {
			setenv("TZ", line + 2, 1);
			tzset();
		} else if (line[0] == 'W') {
			long at, until;

			if (sscanf(line + 2, "%ld %ld", &at, &until) != 2)
				return 2;
			clock_at = at;
			clock_until = until;
		} else if (line[0] == 'E') {
			entry *e = parse(line + 2);

			if (!e) {
				printf("!%s\n", refusal ? refusal : "no entry");
				continue;
			}
			run(e);
			for (int i = 0; i < fired; i++)
				printf(i ? " %d" : "%d", minutes[i]);
			printf("\n");
			free_entry(e);
		}
	}
	return 0;
}
