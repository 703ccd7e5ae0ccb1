#include "case_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "pcapng.h"
#include "results.h"

enum { STOPS_MS = 200 };

/* ---- in the child ------------------------------------------------------------------------------------------------------- */

static bool write_all(int fd, const void *octets, size_t count)
{
    const uint8_t *at = octets;

    while (count > 0) {
        ssize_t written = write(fd, at, count);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        at += written;
        count -= (size_t)written;
    }
    return true;
}

/* A host without anybody in it still sends RST. */
static bool shows_somebody(const struct captured *packet)
{
    struct packet decoded;

    packet_decode(packet->octets, packet->count, &decoded);
    return packet->from_target && decoded.kind == PACKET_TCP && !(decoded.segment.flags & RST);
}

/* Never 0 where there was one. */
static uint64_t last_answer_us(const struct play *play)
{
    for (size_t i = play->packet_count; i-- > 0;) {
        const struct captured *packet = &play->packets[i];

        if (shows_somebody(packet))
            return packet->time_us > play->packets[0].time_us ? packet->time_us - play->packets[0].time_us : 1;
    }
    return 0;
}

static void outcome_from_play(const struct play *play, struct case_outcome *outcome)
{
    outcome->verdict          = play->verdict;
    outcome->loss_explains    = play->loss_explains;
    outcome->deviates         = play->deviates;
    outcome->duration_us      = play->duration_us;
    outcome->first_answer_us  = play->first_answer_us;
    outcome->packets          = (unsigned)play->packet_count;
    outcome->asked            = play->asked;
    outcome->unanswered       = play->unanswered;
    outcome->last_answer_us   = last_answer_us(play);
    outcome->transcript_lines = (uint32_t)play->transcript_lines;
    snprintf(outcome->charged, sizeof outcome->charged, "%s", play->charged);
    snprintf(outcome->reason, sizeof outcome->reason, "%s", play->reason);
    snprintf(outcome->expected, sizeof outcome->expected, "%s", play->expected);
    snprintf(outcome->actual, sizeof outcome->actual, "%s", play->actual);
    snprintf(outcome->ways, sizeof outcome->ways, "%s", play->ways);
}

/* Optional features of TCP that the target granted, by the options of its SYN,ACKs and RFC 3168's flag. */
static unsigned features_granted(const struct play *play)
{
    unsigned features = 0;

    for (size_t i = 0; i < play->packet_count; i++) {
        struct packet      packet;
        struct tcp_options options = { 0 };

        if (!play->packets[i].from_target ||
            packet_decode(play->packets[i].octets, play->packets[i].count, &packet) != PACKET_TCP || packet.faults != 0 ||
            (packet.segment.flags & (SYN | ACK | RST)) != (SYN | ACK))
            continue;
        tcp_options_parse(packet.segment.options, packet.segment.option_octets, &options);
        features |= options.sack_permitted ? SACK_PERMITTED : 0;
        features |= options.has_timestamps ? TIMESTAMPS : 0;
        features |= options.has_window_scale ? WINDOW_SCALE : 0;
        features |= (packet.segment.flags & (ECE | CWR)) == ECE ? ECN : 0;
    }
    return features;
}

/* Of a whole capture alone: after a SYN that it lost, say, no window would be what it seems. */
static void let_referee_judge(const struct play *play, const struct target *target, struct case_outcome *outcome)
{
    struct referee *referee = referee_open();

    if (referee == NULL)
        return;
    if (target->checksums_unseen)
        referee_leave_checksums(referee);
    if (target->offloads)
        referee_meets_offloads(referee);
    for (size_t i = 0; i < play->packet_count; i++)
        referee_sees(referee, play->packets[i].from_target, play->packets[i].octets, play->packets[i].count);
    for (size_t i = 0; i < REFEREE_RULES; i++)
        outcome->rulings[i] = *referee_ruling(referee, i);
    referee_close(referee);
}

static void send_home(int fd, const struct case_outcome *outcome, const struct play *play)
{
    if (!write_all(fd, outcome, sizeof *outcome))
        return;
    for (uint32_t i = 0; i < outcome->transcript_lines; i++) {
        uint32_t length = (uint32_t)strlen(play->transcript[i]);

        if (!write_all(fd, &length, sizeof length) || !write_all(fd, play->transcript[i], length))
            return;
    }
}

static bool worth_keeping(const struct case_wish *wish, const struct case_outcome *outcome)
{
    bool broken = false;

    for (size_t i = 0; i < REFEREE_RULES; i++)
        broken = broken || outcome->rulings[i].broken > 0;
    return wish->pcap_folder >= 0 && (wish->pcap_all || outcome->verdict != VERDICT_PASS || broken);
}

static void keep_packets(const struct case_wish *wish, const struct play *play, struct case_outcome *outcome)
{
    char         comment[sizeof outcome->reason + 200];
    struct error error;

    if (!worth_keeping(wish, outcome) || play->packet_count == 0)
        return;
    pcapng_name(wish->entry->id, outcome->pcap, sizeof outcome->pcap);
    snprintf(comment, sizeof comment, "%s: %s. %s", wish->entry->id, verdict_name(outcome->verdict), outcome->reason);
    if (pcapng_write(wish->pcap_folder, outcome->pcap, comment, play->packets, play->packet_count, &error))
        return;
    /* The verdict stands without the file. */
    outcome->pcap[0] = '\0';
    fprintf(stderr, "tcprove: %s/pcap/%s\n", wish->pcap_path, error.sentence);
}

/* The target of this process, while it plays. */
static const struct target *volatile playing;

static void end_at_once(int signal)
{
    const struct target *target = playing;

    (void)signal;
    if (target != NULL && target->abandon != NULL)
        target->abandon(target->self);
    _exit(0);
}

static void play_in_child(const struct case_wish *wish, int fd)
{
    static struct case_outcome outcome;
    struct target              target = { 0 };
    struct error               error  = { "" };

    if (!wish->kind->open(wish->prepared, wish->slot, &target, &error)) {
        outcome.verdict   = VERDICT_ERROR;
        outcome.unreached = target.unreached;
        snprintf(outcome.reason, sizeof outcome.reason, "%s", error.sentence);
        send_home(fd, &outcome, NULL);
        return;
    }
    playing           = &target;
    struct play *play = play_ladder(wish->entry->ladder, wish->entry->each, &target, &wish->options);

    if (play != NULL) {
        outcome_from_play(play, &outcome);
        if (outcome.verdict == VERDICT_FAIL && target.undisturbed != NULL && !target.undisturbed(target.self, &error)) {
            outcome.verdict = VERDICT_INCONCLUSIVE;
            snprintf(outcome.reason, sizeof outcome.reason, "%s", error.sentence);
        }
        outcome.features = features_granted(play);
        if (target.capture_lost(target.self) == 0)
            let_referee_judge(play, &target, &outcome);
        keep_packets(wish, play, &outcome);
        send_home(fd, &outcome, play);
    }
    play_release(play);
    playing = NULL;
    target.close(target.self);
}

/* ---- in the parent ------------------------------------------------------------------------------------------------------ */

bool case_start(const struct case_wish *wish, uint64_t limit_ms, struct case_process *process, struct error *error)
{
    int   ends[2];
    pid_t parent = getpid();

    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(error, "no pipe for a case: %s", strerror(errno));
    *process     = (struct case_process){ .pipe = ends[0], .started_ms = monotonic_ms(), .limit_ms = limit_ms };
    process->pid = fork();
    if (process->pid < 0) {
        close(ends[0]);
        close(ends[1]);
        return error_set(error, "no process for a case: %s", strerror(errno));
    }
    if (process->pid == 0) {
        sigset_t none;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(0);
        signal(SIGINT, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        signal(SIGTERM, end_at_once);
        signal(SIGUSR1, SIG_IGN);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        close(ends[0]);
        if (wish->parents_fd > 0)
            close(wish->parents_fd);
        play_in_child(wish, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return true;
}

bool case_read(struct case_process *process)
{
    for (;;) {
        if (process->count == process->room) {
            size_t   room = process->room == 0 ? 16384 : process->room * 2;
            uint8_t *more = realloc(process->octets, room);

            if (more == NULL)
                return false;
            process->octets = more;
            process->room   = room;
        }
        ssize_t got = read(process->pipe, process->octets + process->count, process->room - process->count);

        if (got > 0) {
            process->count += (size_t)got;
            continue;
        }
        if (got < 0 && errno == EINTR)
            continue;
        return got < 0 && errno == EAGAIN;
    }
}

static bool unpack(const struct case_process *process, struct case_outcome *outcome, char ***transcript)
{
    size_t at = sizeof *outcome;

    if (process->count < at)
        return false;
    memcpy(outcome, process->octets, sizeof *outcome);
    uint32_t promised         = outcome->transcript_lines;
    outcome->transcript_lines = 0;
    *transcript               = calloc((size_t)promised + 1, sizeof **transcript);
    for (uint32_t i = 0; i < promised && *transcript != NULL; i++) {
        uint32_t length;

        if (process->count - at < sizeof length)
            return false;
        memcpy(&length, process->octets + at, sizeof length);
        at += sizeof length;
        if (process->count - at < length)
            return false;
        (*transcript)[outcome->transcript_lines++] = strndup((const char *)process->octets + at, length);
        at += length;
    }
    return true;
}

void case_stop(struct case_process *process)
{
    struct pollfd ended = { .fd = process->pipe };

    kill(process->pid, SIGTERM);
    poll(&ended, 1, STOPS_MS);
    kill(process->pid, SIGKILL);
}

void case_finish(struct case_process *process, struct case_outcome *outcome, char ***transcript)
{
    int status = 0;

    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    close(process->pipe);
    *transcript = NULL;
    memset(outcome, 0, sizeof *outcome);
    bool whole = unpack(process, outcome, transcript);

    free(process->octets);
    process->octets = NULL;
    if (whole && !process->overran && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    outcome->verdict = VERDICT_ERROR;
    if (process->overran)
        snprintf(outcome->reason, sizeof outcome->reason, "the case process hung: stopped at its limit of %.0f s",
                 (double)process->limit_ms / 1000);
    else if (WIFSIGNALED(status))
        snprintf(outcome->reason, sizeof outcome->reason, "the case process died of signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(outcome->reason, sizeof outcome->reason, "the case process ended with status %d and half a result",
                 WEXITSTATUS(status));
}
