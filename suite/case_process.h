/* case_process.h: one case in a process of its own: forked, played, judged by the referee, and its result sent to the parent
 * over a pipe. It knows neither how many cases there are nor what is made of their results. */
#ifndef TCPROVE_CASE_PROCESS_H
#define TCPROVE_CASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "catalog.h"
#include "clock.h"
#include "player/player.h"
#include "referee.h"
#include "target.h"

/* What a case sends home. */
struct case_outcome {
    enum verdict  verdict;
    bool          loss_explains, deviates;
    char          charged[64], reason[600], expected[600], actual[600], ways[256];
    uint64_t      duration_us, first_answer_us;
    unsigned      features;                   /* bits of enum feature that a SYN,ACK of the target's granted */
    unsigned      packets, asked, unanswered; /* as in struct play */
    uint64_t      last_answer_us; /* from the first packet to the target's last segment that is no RST; 0: there was none */
    struct ruling rulings[REFEREE_RULES];
    uint32_t      transcript_lines;
    bool          unreached; /* the target could not be opened: nobody makes calls there any more */
    char          pcap[128]; /* name of its file of packets, "" if there is none */
};

struct case_process {
    pid_t    pid;
    int      pipe;                 /* readable end, non-blocking */
    uint64_t started_ms, limit_ms; /* of monotonic_ms */
    bool     overran;
    uint8_t *octets; /* what has come so far */
    size_t   count, room;
};

struct case_wish {
    const struct entry_of_catalog *entry;
    const struct target_kind      *kind;
    void                          *prepared;
    unsigned                       slot;
    struct play_options            options;
    int                            pcap_folder; /* -1: none */
    const char                    *pcap_path;   /* of what it is in, as the user gave it */
    bool                           pcap_all;
    int                            parents_fd; /* the case has no business with it; 0: none */
};

/* Forks; false with a sentence when that fails. The child dies with its parent. */
bool case_start(const struct case_wish *wish, uint64_t limit_ms, struct case_process *process, struct error *error);

/* Reads what has come; false once the pipe is at its end. */
bool case_read(struct case_process *process);

/* Ends the process, which is given a moment to let go of what it had made at the target. case_finish has to follow. */
void case_stop(struct case_process *process);

/* Waits for the process (it has closed its pipe or was killed) and fills in the outcome and the lines of its transcript (to be
 * freed by the caller, each and the array). A process that died or sent half a result is VERDICT_ERROR with its signal or
 * limit. */
void case_finish(struct case_process *process, struct case_outcome *outcome, char ***transcript);

#endif
