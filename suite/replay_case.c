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
};

static void print_rung(const struct step *step)
{
    char text[1000];

    notation_rung(step, text, sizeof text);
    printf("        %s,\n", text);
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
}

/* A number in the words that an expectation leaves out where it is the expected one. */
static term number_term(uint32_t seen, const struct notation_symbols *names, unsigned usual, unsigned otherwise)
{
    static const term terms[PEER_NAMES] = { SND_NXT, RCV_NXT, SND_UNA, ISS, IRS };

    if (names->at[usual].known)
        return seen == names->at[usual].value ? 0 : terms[usual] + (int32_t)(seen - names->at[usual].value);
    if (names->at[otherwise].known)
        return terms[otherwise] + (int32_t)(seen - names->at[otherwise].value);
    return ANY;
}

static void write_answer(void *context, uint64_t time_us, bool from_target, const struct peer *peer, const uint8_t *octets,
                         size_t count)
{
    const struct writing   *writing = context;
    struct notation_symbols names;
    struct packet           packet;
    struct step             rung = { .rung = RUNG_IUT };

    (void)time_us;
    if (!from_target || peer == NULL || writing->foreign || packet_decode(octets, count, &packet) != PACKET_TCP)
        return;
    const struct segment *segment = &packet.segment;

    peer_names(peer, &names);
    rung.segment.flags = segment->flags & ~(unsigned)PSH;
    if (!(segment->flags & SYN))
        rung.segment.seq = number_term(segment->seq, &names, NAME_SND_NXT, NAME_ISS);
    if (segment->flags & ACK)
        rung.segment.ack = number_term(segment->ack, &names, NAME_RCV_NXT, NAME_IRS);
    if ((segment->flags & (SYN | ACK)) == (SYN | ACK) && segment->ack == peer->irs + 1)
        rung.segment.ack = 0;
    if (segment->text_octets > 0)
        rung.segment.len = ZERO + (term)segment->text_octets;
    print_rung(&rung);
}

enum status replay_as_case(const struct replay_file *file, const struct finding *finding)
{
    struct writing     writing = { .input = file->input };
    struct stage_watch watch   = { .context = &writing, .step = write_step, .packet = write_answer };
    struct stage      *stage   = stage_open(0, NULL);
    struct finding     none;

    if (stage == NULL)
        return STATUS_ERROR;
    if (file->input->steps[0].rung == RUNG_ON)
        writing.first = file->input->steps[0].number / 2 * 2;
    printf("{\n    CASE  (\"group/slug\", \"%s\"),\n", finding->oracle != 0 ? finding->sentence : "what is right here");
    printf("    REQS  (\"%s\"), /* to be confirmed: which requirement, and that the rungs below are what it says */\n",
           finding->oracle != 0 ? finding->requirement : "RFC9293-MUST-3");
    if (writing.first > 0)
        printf("    .family = IPV6_ONLY,\n");
    printf("    LADDER(\n        ENTER (LISTEN),\n");
    stage_play(stage, file->input, &watch, &none);
    printf("        ON (FRESH),\n        ENTER (ESTABLISHED),\n        ALIVE\n    ),\n},\n");
    stage_close(stage);
    return STATUS_GOOD;
}
