/* trial.c: the same few words are said to every service, for what comes back tells them apart: an echo returns them, discard
 * takes them, http answers them, chargen and daytime did not wait for them. What is seen counts at once; silence counts when it
 * was met again and again, since a segment may have been lost. */
#include "host/trial.h"

#include <stdio.h>
#include <string.h>

#include "segment.h"

enum {
    ATTEMPTS     = 3, /* that came to a connection */
    PORTS_EACH   = 8, /* of ours, one for each that did or did not */
    SILENCES     = 2, /* attempts in which discard must be silent */
    QUIET_US     = 30000,
    FIRST_US     = 150000, /* beside a round trip, for a reply; longer each time, the last as long as the limit leaves */
    SECOND_US    = 300000,
    LIMIT_US     = 1700000,
    AGAIN_US     = 50000, /* beside a round trip, until a segment is sent again */
    SYNS         = 2,     /* Linux answers no third one within 500 ms: another port may fare better */
    QUESTIONS    = 4,
    ENDS         = 3,
    TEXT_OCTETS  = 1024, /* more than a line: it goes on */
    WINDOW       = 4096,
    QUOTE_OCTETS = 41
};

static const char question[] = "GET / HTTP/1.0\r\n\r\n";
enum { QUESTION_OCTETS = sizeof question - 1 };

/* One connection. */
struct talk {
    const struct stand *stand;
    struct port_block  *block;
    uint16_t            own_port, port;
    uint64_t            round_trip_us;
    uint32_t            iss, irs;
    bool                connected, refused, reset;
    uint32_t            acked;   /* of the question's octets */
    bool                unasked; /* text came that was sent before the question was known */
    uint8_t             text[TEXT_OCTETS];
    bool                has[TEXT_OCTETS];
    size_t              held; /* octets in a row from the beginning */
    bool                fin_seen;
    size_t              fin_at;
};

/* What a connection showed: a service, or one of these. */
enum shown {
    SHOWN_ECHO    = SERVICE_ECHO,
    SHOWN_DISCARD = SERVICE_DISCARD,
    SHOWN_CHARGEN = SERVICE_CHARGEN,
    SHOWN_DAYTIME = SERVICE_DAYTIME,
    SHOWN_HTTP    = SERVICE_HTTP,
    SHOWN_SPEAKS  = SERVICES /* unasked, neither on and on nor to the end */,
    SHOWN_OTHERWISE /* an answer that no service gives */,
    SHOWN_CLOSES /* without a word */,
    SHOWN_IGNORES /* not even an acknowledgment */,
    SHOWN_NO_CONNECTION
};

/* ---- segments --------------------------------------------------------------------------------------------------------- */

static bool closed(const struct talk *talk)
{
    return talk->fin_seen && talk->held >= talk->fin_at;
}

static bool send_segment(struct talk *talk, uint8_t flags, uint32_t offset, bool asks, struct error *error)
{
    struct segment     segment = { .source           = talk->stand->source,
                                   .destination      = talk->stand->path.target,
                                   .source_port      = talk->own_port,
                                   .destination_port = talk->port,
                                   .seq              = talk->iss + offset,
                                   .flags            = flags,
                                   .window           = WINDOW };
    struct tcp_options options = {
        .has_mss = true, .mss = (uint16_t)(segment.source.family == 6 ? talk->stand->path.mtu - 60 : talk->stand->path.mtu - 40)
    };

    if (flags & SYN)
        segment.option_octets = tcp_options_build(&options, segment.options);
    if (flags & ACK)
        segment.ack = talk->irs + 1 + (uint32_t)talk->held + closed(talk);
    if (asks) {
        segment.text        = (const uint8_t *)question;
        segment.text_octets = QUESTION_OCTETS;
    }
    return wire_deliver(talk->block->wire, &segment, NULL, error);
}

static void keep_text(struct talk *talk, const struct segment *segment)
{
    uint32_t at = segment->seq - talk->irs - 1;

    for (size_t i = 0; i < segment->text_octets; i++) {
        uint32_t place = at + (uint32_t)i;

        if (place >= TEXT_OCTETS || talk->has[place])
            continue;
        talk->has[place]  = true;
        talk->text[place] = segment->text[i];
    }
    while (talk->held < TEXT_OCTETS && talk->has[talk->held])
        talk->held++;
    if (segment->flags & FIN) {
        talk->fin_seen = true;
        talk->fin_at   = at + segment->text_octets;
    }
    talk->unasked = talk->unasked || (segment->text_octets > 0 && segment->ack == talk->iss + 1);
}

/* A segment of this connection's. */
static bool hear(struct talk *talk, const struct segment *segment, struct error *error)
{
    if (segment->flags & RST) {
        talk->refused = talk->refused || !talk->connected;
        talk->reset   = talk->reset || talk->connected;
        return true;
    }
    if (segment->flags & SYN) {
        if (!(segment->flags & ACK) || segment->ack != talk->iss + 1)
            return true;
        talk->irs       = segment->seq;
        talk->connected = true;
        return send_segment(talk, ACK, 1, false, error);
    }
    if (!talk->connected || !(segment->flags & ACK))
        return true;
    uint32_t acked = segment->ack - talk->iss - 1;

    if (acked <= QUESTION_OCTETS && acked > talk->acked)
        talk->acked = acked;
    if (segment->text_octets == 0 && !(segment->flags & FIN))
        return true;
    keep_text(talk, segment);
    return send_segment(talk, ACK, 1 + talk->acked, false, error);
}

typedef bool talk_test(const struct talk *talk);

/* Listens until that is enough, or until then. false if nothing can be heard. */
static bool listen_until(struct talk *talk, uint64_t until_us, talk_test *enough, struct error *error)
{
    struct arrival arrival;

    while (!enough(talk)) {
        struct packet    packet;
        enum wait_result result = wire_next(talk->block->wire, until_us, &arrival, error);

        if (result != WAIT_ARRIVAL)
            return result == WAIT_DEADLINE;
        if (!arrival.from_target || packet_decode(arrival.octets, arrival.count, &packet) != PACKET_TCP ||
            packet.segment.destination_port != talk->own_port || packet.segment.source_port != talk->port)
            continue;
        if (!hear(talk, &packet.segment, error))
            return false;
    }
    return true;
}

/* ---- one connection --------------------------------------------------------------------------------------------------- */

static bool answered(const struct talk *talk)
{
    return talk->connected || talk->refused;
}

static bool over(const struct talk *talk)
{
    return talk->reset || closed(talk) || talk->held == TEXT_OCTETS;
}

static bool spoke(const struct talk *talk)
{
    return talk->held > 0 || talk->fin_seen || over(talk);
}

static bool echoes(const struct talk *talk)
{
    return !talk->unasked && talk->held == QUESTION_OCTETS && memcmp(talk->text, question, QUESTION_OCTETS) == 0;
}

static bool answers_http(const struct talk *talk)
{
    return !talk->unasked && talk->held >= 5 && memcmp(talk->text, "HTTP/", 5) == 0;
}

static bool told(const struct talk *talk)
{
    return over(talk) || echoes(talk) || answers_http(talk);
}

static bool told_or_acked(const struct talk *talk)
{
    return told(talk) || talk->acked == QUESTION_OCTETS;
}

static bool gone(const struct talk *talk)
{
    return talk->reset || talk->refused;
}

static bool connect_to(struct talk *talk, struct error *error)
{
    for (int i = 0; i < SYNS && !answered(talk); i++)
        if (!send_segment(talk, SYN, 0, false, error) ||
            !listen_until(talk, wire_now_us() + talk->round_trip_us + AGAIN_US, answered, error))
            return false;
    return true;
}

/* Had the ACK of the handshake been lost, the application would not know of us. */
static bool wait_for_word(struct talk *talk, uint64_t quiet_us, struct error *error)
{
    for (int i = 0; i < 2 && !spoke(talk); i++)
        if ((i > 0 && !send_segment(talk, ACK, 1, false, error)) ||
            !listen_until(talk, wire_now_us() + (talk->round_trip_us + quiet_us) / 2, spoke, error))
            return false;
    return true;
}

static bool ask(struct talk *talk, uint64_t wait_us, struct error *error)
{
    for (int i = 0; i < QUESTIONS && !told_or_acked(talk); i++)
        if (!send_segment(talk, PSH | ACK, 1, true, error) ||
            !listen_until(talk, wire_now_us() + talk->round_trip_us + AGAIN_US, told_or_acked, error))
            return false;
    return listen_until(talk, wire_now_us() + wait_us, told, error);
}

/* An ACK to a connection that is no more draws a RST, and nothing shows that our RST arrived but that. */
static bool end(struct talk *talk, struct error *error)
{
    for (int i = 0; i < ENDS && !gone(talk); i++) {
        if (!send_segment(talk, RST, 1 + talk->acked, false, error))
            return false;
        /* The question may have come without our knowing. */
        if (talk->acked == 0 && !send_segment(talk, RST, 1 + QUESTION_OCTETS, false, error))
            return false;
        if (!talk->connected)
            return true;
        if (!send_segment(talk, ACK, 1 + talk->acked, false, error) ||
            !listen_until(talk, wire_now_us() + talk->round_trip_us, gone, error))
            return false;
    }
    return true;
}

/* Who speaks first is given time to. */
static bool speaks_first(enum service service)
{
    return service == SERVICE_CHARGEN || service == SERVICE_DAYTIME;
}

static enum shown shown_by(const struct talk *talk)
{
    if (talk->unasked && talk->held == TEXT_OCTETS)
        return SHOWN_CHARGEN;
    if (talk->unasked)
        return closed(talk) ? SHOWN_DAYTIME : SHOWN_SPEAKS;
    if (echoes(talk))
        return SHOWN_ECHO;
    if (answers_http(talk))
        return SHOWN_HTTP;
    if (talk->held > 0)
        return SHOWN_OTHERWISE;
    if (closed(talk) || talk->reset)
        return SHOWN_CLOSES;
    return talk->acked == QUESTION_OCTETS ? SHOWN_DISCARD : SHOWN_IGNORES;
}

static bool hold_talk(struct talk *talk, enum service service, uint64_t wait_us, enum shown *shown, struct error *error)
{
    uint64_t quiet_us = speaks_first(service) ? wait_us : QUIET_US;
    uint64_t reply_us = speaks_first(service) ? FIRST_US : wait_us;

    if (!connect_to(talk, error))
        return false;
    if (talk->connected && !wait_for_word(talk, quiet_us, error))
        return false;
    if (talk->connected && spoke(talk) && !listen_until(talk, wire_now_us() + wait_us, told, error))
        return false;
    if (talk->connected && !spoke(talk) && !ask(talk, reply_us, error))
        return false;
    if (talk->connected)
        *shown = shown_by(talk);
    return end(talk, error);
}

/* ---- what it shows ---------------------------------------------------------------------------------------------------- */

static bool explain_other_service(const struct service_at *service, enum service shown, struct error *error)
{
    static const char *const does[SERVICES] = {
        [SERVICE_ECHO] = "sends back what it is sent", [SERVICE_DISCARD] = "acknowledges what it is sent and answers nothing",
        [SERVICE_CHARGEN] = "sends unasked",           [SERVICE_DAYTIME] = "sends a line unasked and closes",
        [SERVICE_HTTP] = "answers a GET with HTTP/",
    };

    return error_set(error, "port %u %s: this is %s, not %s; --service %s=%u", service->port, does[shown], service_name(shown),
                     service_name(service->kind), service_name(shown), service->port);
}

/* Its first line, or the beginning of it, as far as it can be read. */
static void quote(const struct talk *talk, char words[QUOTE_OCTETS])
{
    size_t count = 0;

    while (count < talk->held && count < QUOTE_OCTETS - 1 && talk->text[count] >= ' ' && talk->text[count] <= '~') {
        words[count] = (char)talk->text[count];
        count++;
    }
    words[count] = '\0';
}

static bool explain(const struct service_at *service, enum shown shown, const struct talk *talk, struct error *error)
{
    static const char without[] = "without --service the port is played with what any listener allows";
    const char       *name      = service_name(service->kind);
    char              words[QUOTE_OCTETS];

    quote(talk, words);
    switch (shown) {
    case SHOWN_SPEAKS:
        return error_set(error, "port %u sends %zu octets unasked and waits: this is not %s; %s", service->port, talk->held,
                         name, without);
    case SHOWN_OTHERWISE:
        return error_set(error, "port %u answers what it is sent in a way of its own (\"%s\"): this is not %s; %s",
                         service->port, words, name, without);
    case SHOWN_CLOSES:
        return error_set(error, "port %u ends a connection without a word: this is not %s; %s", service->port, name, without);
    case SHOWN_IGNORES:
        return error_set(error, "port %u opens a connection and acknowledges nothing that it is sent: this is not %s; %s",
                         service->port, name, without);
    case SHOWN_NO_CONNECTION:
        return error_set(error,
                         "port %u answered a SYN, but no connection came about to see whether this is %s: see that it has room"
                         " for one more",
                         service->port, name);
    default:
        return explain_other_service(service, (enum service)shown, error);
    }
}

/* ---- the trial -------------------------------------------------------------------------------------------------------- */

/* What is seen cannot be the path's doing; what is missing can. */
static bool certain(enum shown shown)
{
    return shown < SHOWN_SPEAKS && shown != SHOWN_DISCARD;
}

static uint64_t wait_of(unsigned attempt, uint64_t began_us)
{
    uint64_t past_us = wire_now_us() - began_us;

    if (attempt < ATTEMPTS - 1)
        return attempt == 0 ? FIRST_US : SECOND_US;
    return past_us + SECOND_US < LIMIT_US ? LIMIT_US - past_us : SECOND_US;
}

static bool try_service(const struct stand *stand, struct port_block *block, uint16_t first_port,
                        const struct service_at *service, uint64_t round_trip_us, struct error *error)
{
    enum shown  wanted = (enum shown)service->kind, shown = SHOWN_NO_CONNECTION;
    uint64_t    began_us = wire_now_us();
    unsigned    attempts = 0, silences = 0;
    struct talk talk, last             = { .connected = false };

    for (uint16_t i = 0; i < PORTS_EACH && attempts < ATTEMPTS && !certain(shown); i++) {
        talk     = (struct talk){ .stand         = stand,
                                  .block         = block,
                                  .own_port      = (uint16_t)(first_port + i),
                                  .port          = service->port,
                                  .round_trip_us = round_trip_us };
        talk.iss = talk.own_port * 2654435761u + block->clock;
        if (!hold_talk(&talk, service->kind, wait_of(attempts, began_us), &shown, error))
            return false;
        if (talk.connected)
            last = talk;
        attempts += talk.connected;
        silences += talk.connected && shown == SHOWN_DISCARD;
        if (shown == wanted && (certain(shown) || silences == SILENCES))
            return true;
    }
    return explain(service, shown, &last, error);
}

bool trial_is_for(enum service service)
{
    return service != SERVICE_NONE && service != SERVICE_UNKNOWN;
}

bool trial_passes(const struct stand *stand, const struct service_at *services, size_t count, uint64_t round_trip_us,
                  struct error *error)
{
    struct port_block block;
    bool              good  = true;
    size_t            named = 0;

    for (size_t i = 0; i < count; i++)
        named += trial_is_for(services[i].kind);
    if (named == 0)
        return true;
    /* A fault that is played with the target is none of the service's. */
    if (!block_open(stand, FIRST_PROBE_BLOCK + 1, NULL, &block, error))
        return false;
    for (size_t i = 0; i < count && good; i++)
        if (trial_is_for(services[i].kind))
            good =
                try_service(stand, &block, (uint16_t)(block.first_port + i * PORTS_EACH), &services[i], round_trip_us, error);
    block_close(&block);
    return good;
}
