#include "progress.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "results.h"
#include "terminal.h"

enum {
    REDRAW_MS      = 100,
    FIRST_LINE_MS  = 10000, /* not on a terminal: a line each ten seconds of the first minute, each thirty from then on */
    LINE_MS        = 10000,
    MANY_MS        = 60000,
    LATER_LINE_MS  = 30000,
    COLUMNS        = 80,
    BAR_LEAST      = 8, /* cells between its brackets */
    BAR_MOST       = 30,
    SLOWEST_LEAST  = 14,
    LONG_MS        = 120000,
    SLOWEST_OCTETS = 120
};

/* ---- words ------------------------------------------------------------------------------------------------------------ */

static void put_duration(char *text, size_t room, uint64_t ms)
{
    uint64_t s = (ms + 999) / 1000;

    if (ms < LONG_MS)
        snprintf(text, room, "%u s", (unsigned)s);
    else
        snprintf(text, room, "%u min", (unsigned)((s + 59) / 60));
}

static const struct running *slowest(const struct sight *sight)
{
    const struct running *most = NULL;

    for (size_t i = 0; i < sight->load.running_count; i++)
        if (most == NULL || sight->load.running[i].ms > most->ms)
            most = &sight->load.running[i];
    return most;
}

/* A line that knows how many columns it takes, whatever it holds of escape sequences. */
struct strip {
    char    *text;
    size_t   used;
    unsigned columns;
};

static void put(struct strip *strip, const char *text, unsigned columns)
{
    size_t octets = strlen(text);

    if (strip->used + octets >= PROGRESS_LINE_OCTETS)
        return;
    memcpy(strip->text + strip->used, text, octets + 1);
    strip->used += octets;
    strip->columns += columns;
}

static void put_plain(struct strip *strip, const char *text)
{
    put(strip, text, (unsigned)strlen(text));
}

/* ---- the line on a terminal --------------------------------------------------------------------------------------------- */

static const char *tone(enum verdict verdict)
{
    if (verdict == VERDICT_PASS)
        return "\033[32m";
    return verdict == VERDICT_FAIL || verdict == VERDICT_ERROR ? "\033[31m" : "\033[33m";
}

static void put_counts(struct strip *strip, const struct sight *sight, bool colour)
{
    char text[40];

    snprintf(text, sizeof text, "%zu/%zu ", sight->done, sight->count);
    put_plain(strip, text);
    for (int i = VERDICT_PASS; i <= VERDICT_ERROR; i++) {
        if (sight->verdicts[i] == 0 && i != VERDICT_PASS)
            continue;
        if (colour)
            put(strip, tone((enum verdict)i), 0);
        snprintf(text, sizeof text, " %u %s", sight->verdicts[i], verdict_name((enum verdict)i));
        put_plain(strip, text);
        if (colour)
            put(strip, "\033[0m", 0);
    }
}

static void put_bar(struct strip *strip, const struct sight *sight, unsigned cells, bool unicode)
{
    size_t full = sight->count > 0 ? sight->done * cells / sight->count : 0;

    put_plain(strip, "[");
    for (unsigned i = 0; i < cells; i++)
        put(strip, i < full ? unicode ? "\u2588" : "#" : unicode ? "\u2591" : "-", 1);
    put_plain(strip, "] ");
}

/* What takes longest, or what the run does instead; where it does not fit, its end is left out. */
static void word_slowest(char text[SLOWEST_OCTETS], const struct sight *sight, size_t columns)
{
    const struct running *most = slowest(sight);
    char                  duration[16], id[SLOWEST_OCTETS - 20];

    text[0] = '\0';
    if (sight->note != NULL) {
        snprintf(text, SLOWEST_OCTETS, "  %.*s", (int)columns - 2, sight->note);
    } else if (most != NULL) {
        put_duration(duration, sizeof duration, most->ms);
        int rest = (int)columns - (int)strlen(duration) - 3;

        snprintf(id, sizeof id, "%.*s", rest < (int)sizeof id - 1 ? rest : (int)sizeof id - 1, most->id);
        snprintf(text, SLOWEST_OCTETS, "  %s %s", id, duration);
    }
}

void progress_line(char line[PROGRESS_LINE_OCTETS], const struct sight *sight, uint64_t left_ms, const struct look *look)
{
    char         counts_text[PROGRESS_LINE_OCTETS], left[40] = "", duration[16], slow[SLOWEST_OCTETS] = "";
    struct strip counts = { .text = counts_text }, whole = { .text = line };
    unsigned     columns = look->columns > 1 ? look->columns - 1 : 1;

    line[0] = '\0';
    put_counts(&counts, sight, look->colour);
    if (sight->done < sight->count && sight->note == NULL) {
        put_duration(duration, sizeof duration, left_ms);
        snprintf(left, sizeof left, "  %s left", duration);
    }
    unsigned least = counts.columns + (unsigned)strlen(left), bar = BAR_LEAST + 3;

    if (counts.columns > columns) {
        snprintf(line, PROGRESS_LINE_OCTETS, "%.*s", (int)columns, "...");
        return;
    }
    if (least + bar + SLOWEST_LEAST <= columns)
        word_slowest(slow, sight, columns - least - bar);
    least += (unsigned)strlen(slow);
    if (least + bar <= columns) {
        unsigned cells = columns - least - 3;

        put_bar(&whole, sight, cells < BAR_MOST ? cells : BAR_MOST, look->unicode);
    }
    put(&whole, counts_text, counts.columns);
    if (least <= columns)
        put_plain(&whole, left);
    put_plain(&whole, slow);
}

/* ---- a line elsewhere --------------------------------------------------------------------------------------------------- */

static void tell_running(FILE *out, const struct sight *sight)
{
    unsigned column = 0;

    for (size_t i = 0; i < sight->load.running_count; i++) {
        const struct running *running = &sight->load.running[i];
        char                  text[SLOWEST_OCTETS], duration[16];

        put_duration(duration, sizeof duration, running->ms);
        int length =
            snprintf(text, sizeof text, "%.96s (%s)%s", running->id, duration, i + 1 < sight->load.running_count ? "," : "");

        if (column > 0 && column + (unsigned)length + 1 >= COLUMNS) {
            fputc('\n', out);
            column = 0;
        }
        fprintf(out, "%s%s", column == 0 ? "  " : " ", text);
        column += (unsigned)length + (column == 0 ? 2 : 1);
    }
    if (column > 0)
        fputc('\n', out);
}

void progress_tell(FILE *out, const struct sight *sight, uint64_t left_ms, bool with_running)
{
    const struct running *most = slowest(sight);
    char                  duration[16];

    fprintf(out, "%zu of %zu done", sight->done, sight->count);
    for (int i = VERDICT_PASS; i <= VERDICT_ERROR; i++)
        if (sight->verdicts[i] > 0)
            fprintf(out, ", %u %s", sight->verdicts[i], verdict_name((enum verdict)i));
    if (sight->note != NULL)
        fprintf(out, "; %s", sight->note);
    if (most != NULL) {
        put_duration(duration, sizeof duration, most->ms);
        fprintf(out, "; slowest running: %s (%s)", most->id, duration);
    }
    if (sight->note == NULL && sight->done < sight->count) {
        put_duration(duration, sizeof duration, left_ms);
        fprintf(out, "; about %s left", duration);
    }
    fputc('\n', out);
    if (with_running)
        tell_running(out, sight);
    fflush(out);
}

/* ---- when to show what -------------------------------------------------------------------------------------------------- */

static bool locale_has_unicode(void)
{
    locale_t users = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    bool     has   = users != (locale_t)0 && strcmp(nl_langinfo_l(CODESET, users), "UTF-8") == 0;

    if (users != (locale_t)0)
        freelocale(users);
    return has;
}

static unsigned columns_of(FILE *out)
{
    struct winsize size;

    return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : COLUMNS;
}

void progress_open(struct progress *progress, FILE *out, bool quiet)
{
    const char *kind = getenv("TERM");

    *progress         = (struct progress){ .out = out, .quiet = quiet, .began_ms = monotonic_ms(), .left_ms = UINT64_MAX };
    progress->drawn   = isatty(fileno(out)) && (kind == NULL || strcmp(kind, "dumb") != 0);
    progress->unicode = locale_has_unicode();
    progress->colour  = getenv("NO_COLOR") == NULL;
    progress->next_ms = progress->began_ms + (progress->drawn ? REDRAW_MS : FIRST_LINE_MS);
}

bool progress_due(const struct progress *progress)
{
    return !progress->quiet && monotonic_ms() >= progress->next_ms;
}

/* What is shown of the time left does not rise: where cases are played again, it waits until it is right again. */
static void estimate(struct progress *progress, const struct sight *sight)
{
    uint64_t left_ms = estimate_left_ms(&sight->load);

    if (left_ms < progress->left_ms)
        progress->left_ms = left_ms;
}

void progress_show(struct progress *progress, const struct sight *sight)
{
    char        line[PROGRESS_LINE_OCTETS];
    uint64_t    now  = monotonic_ms();
    struct look look = { 0, progress->unicode, progress->colour };

    estimate(progress, sight);
    if (!progress->drawn) {
        progress->next_ms = now + (now - progress->began_ms < MANY_MS ? LINE_MS : LATER_LINE_MS);
        progress_tell(progress->out, sight, progress->left_ms, false);
        return;
    }
    look.columns      = columns_of(progress->out);
    progress->next_ms = now + REDRAW_MS;
    progress->there   = true;
    progress_line(line, sight, progress->left_ms, &look);
    terminal_line_stands(true);
    fprintf(progress->out, "\r%s\033[K", line);
    fflush(progress->out);
}

void progress_answer(struct progress *progress, const struct sight *sight)
{
    estimate(progress, sight);
    progress_erase(progress);
    progress_tell(progress->out, sight, progress->left_ms, true);
    progress->next_ms = progress->drawn ? 0 : progress->next_ms;
}

void progress_erase(struct progress *progress)
{
    if (!progress->there)
        return;
    fprintf(progress->out, "\r\033[K");
    fflush(progress->out);
    progress->there = false;
    terminal_line_stands(false);
}
