/* replay_case.c: a fuzz input as an entry of a table in cases/: our steps, and what the reference answers to each as rungs.
 * What is right is for a person to say: the reference may be wrong where an oracle has spoken. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notation_ladder.h"
#include "replay_inside.h"
#include "requirements.h"

struct writing {
    const struct input *input;
    unsigned            current; /* connection */
    bool                foreign; /* on one of the other family: left out */
    unsigned            first;   /* connection of the family that is written */
    bool                data;    /* the step is data in order: what acknowledges it is IUT_ACKS */
};

/* Such an offset is no place in a window: the number is another one's, and comes out otherwise elsewhere. */
enum { FAR = 65535, PACKET_OCTETS = 1500 };

static void print_rung(const struct step *step)
{
    char text[1000];

    notation_rung(step, text, sizeof text);
    printf("        %s,\n", text);
    fflush(stdout); /* the next step may be the last one */
}

static void write_step(void *context, size_t index, const struct step *step)
{
    struct writing *writing = context;

    (void)index;
    if (step == NULL) {
        writing->foreign = true; /* what the oracle of rest does is no part of the case */
        return;
    }
    if (step->rung == RUNG_ON) {
        writing->foreign = step->number / 2 != writing->first / 2;
        if (!writing->foreign) {
            struct step on = ON(step->number % 2);

            print_rung(&on);
        }
    } else if (!writing->foreign) {
        print_rung(step);
    }
    writing->data = step->rung == RUNG_PEER && step->segment.len != 0 && step->segment.seq == 0 && step->segment.ack == 0;
}

static bool is_near(uint32_t seen, uint32_t known)
{
    return seen - known + FAR <= 2 * FAR;
}

/* A number in the words that an expectation leaves out where it is the expected one; ANY where no word is near. */
static term number_term(uint32_t seen, const struct peer *peer, const struct notation_symbols *names, unsigned usual,
                        unsigned otherwise)
{
    static const term terms[PEER_NAMES] = { SND_NXT, RCV_NXT, SND_UNA, ISS, IRS };

    if (names->at[usual].known && is_near(seen, names->at[usual].value))
        return seen == names->at[usual].value ? 0 : terms[usual] + (int32_t)(seen - names->at[usual].value);
    if (names->at[otherwise].known && is_near(seen, names->at[otherwise].value))
        return terms[otherwise] + (int32_t)(seen - names->at[otherwise].value);
    return seen == peer->seg_ack ? SEG_ACK : seen == peer->seg_end ? SEG_END : ANY;
}

/* A case has no segment that is larger than a packet. */
static void write_own(const struct writing *writing, size_t count)
{
    if (!writing->foreign && count > PACKET_OCTETS)
        printf("        /* that is a packet of %zu octets, and a case has at most %d: make its .len less */\n", count,
               PACKET_OCTETS);
}

static void write_answer(void *context, uint64_t time_us, bool from_target, const struct peer *peer, const uint8_t *octets,
                         size_t count)
{
    const struct writing   *writing = context;
    struct notation_symbols names;
    struct packet           packet;
    struct step             rung = { .rung = RUNG_IUT };

    (void)time_us;
    if (!from_target)
        write_own(writing, count);
    if (!from_target || peer == NULL || writing->foreign || packet_decode(octets, count, &packet) != PACKET_TCP)
        return;
    const struct segment *segment = &packet.segment;

    peer_names(peer, &names);
    rung.segment.flags = segment->flags & ~(unsigned)PSH;
    if (!(segment->flags & SYN))
        rung.segment.seq = number_term(segment->seq, peer, &names, NAME_SND_NXT, NAME_ISS);
    if (segment->flags & ACK)
        rung.segment.ack = number_term(segment->ack, peer, &names, NAME_RCV_NXT, NAME_IRS);
    if ((segment->flags & (SYN | ACK)) == (SYN | ACK) && segment->ack == peer->irs + 1)
        rung.segment.ack = 0;
    if (segment->text_octets > 0)
        rung.segment.len = ZERO + (term)segment->text_octets;
    if (writing->data && rung.segment.flags == ACK && segment->text_octets == 0 && rung.segment.ack != 0 &&
        rung.segment.ack != ANY)
        rung = (struct step){ .rung = RUNG_IUT_ACKS, .segment = { .ack = rung.segment.ack } };
    print_rung(&rung);
}

struct answering {
    const struct replay_wish *wish;
    const struct replay_file *file;
    struct writing            writing;
};

static void write_rungs(void *context)
{
    struct answering  *answering = context;
    struct stage_watch watch     = { .context = &answering->writing, .step = write_step, .packet = write_answer };
    struct stage      *stage     = stage_open(0, NULL);
    struct finding     none;

    if (stage != NULL)
        answering->wish->player(stage, answering->file, &watch, &none);
    stage_close(stage);
}

enum status replay_as_case(const struct replay_wish *wish, const struct replay_file *file, const struct finding *finding,
                           const struct death *death)
{
    struct answering answering = { wish, file, { .input = file->input } };
    struct death     again;
    struct error     error;
    const char      *title = death->kind != DEATH_NONE ? death->sentence
                             : finding->oracle != 0    ? finding->sentence
                                                       : "what is right here";

    if (file->input->steps[0].rung == RUNG_ON)
        answering.writing.first = file->input->steps[0].number / 2 * 2;
    printf("{\n    CASE  (\"group/slug\", \"%s\"),\n", title);
    printf("    REQS  (\"%s\"), /* to be confirmed: which requirement, and that the rungs below are what it says */\n",
           finding->oracle != 0 ? finding->requirement : "RFC9293-MUST-3");
    if (answering.writing.first > 0)
        printf("    .family = IPV6_ONLY,\n");
    printf("    LADDER( /* what answers depends on a receive buffer of 8,192 octets: another TCP may have another one */\n"
           "        ENTER (LISTEN),\n");
    if (!replay_apart(write_rungs, &answering, PLAY_LIMIT_MS, &again, &error))
        return complain(STATUS_ERROR, &error);
    if (again.kind != DEATH_NONE)
        printf("        /* here %s: its answers end */\n", again.sentence);
    printf("        ON (FRESH),\n        ENTER (ESTABLISHED),\n        ALIVE\n    ),\n},\n");
    return STATUS_GOOD;
}
