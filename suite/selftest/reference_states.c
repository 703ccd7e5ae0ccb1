/* reference_states.c: RFC 9293 3.10.7, state by state and segment by segment: what answers and which state follows. The table
 * was written from the text of the RFC (with RFC 5961 and MAY-2), not from what the code does. */
#include "selftest/reference_rig.h"
#include "selftest/selftest.h"

enum { COLUMNS = 12 };

/* SYN-RECEIVED is there twice: it came from LISTEN, or from SYN-SENT. */
static const struct column {
    enum state   state;
    enum rig_way way;
    const char  *name;
} columns[COLUMNS] = {
    { CLOSED, RIG_PASSIVE, "CLOSED" },
    { LISTEN, RIG_PASSIVE, "LISTEN" },
    { SYN_SENT, RIG_ACTIVE, "SYN-SENT" },
    { SYN_RECEIVED, RIG_PASSIVE, "SYN-RECEIVED from LISTEN" },
    { SYN_RECEIVED, RIG_ACTIVE, "SYN-RECEIVED from SYN-SENT" },
    { ESTABLISHED, RIG_PASSIVE, "ESTABLISHED" },
    { FIN_WAIT_1, RIG_PASSIVE, "FIN-WAIT-1" },
    { FIN_WAIT_2, RIG_ACTIVE, "FIN-WAIT-2" },
    { CLOSE_WAIT, RIG_PASSIVE, "CLOSE-WAIT" },
    { CLOSING, RIG_ACTIVE, "CLOSING" },
    { LAST_ACK, RIG_PASSIVE, "LAST-ACK" },
    { TIME_WAIT, RIG_ACTIVE, "TIME-WAIT" },
};

enum at { AT_NXT, IN_WINDOW, LAST_OF_WINDOW, AT_EDGE, BEFORE, AT_IRS };
enum acks { NO_ACK, ACKS_UNA, ACKS_ALL, ACKS_BEYOND, ACKS_OLD, ACKS_TOO_OLD };

/* A cell is the answer and the state after. Answers:
 *   .  nothing                                      A  <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> with RCV.NXT as it was
 *   N  the same at once with RCV.NXT after it all   D  the same, but only when the delayed ACK is due
 *   R  <SEQ=SEG.ACK><CTL=RST>                       Z  <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
 *   S  SYN,ACK
 * States: = the same, and CL LI SS SR ES F1 F2 CW CI LA TW. */
struct row {
    const char *name;
    unsigned    flags;
    enum at     at;
    enum acks   acks;
    size_t      octets;
    const char *cells[COLUMNS];
};

/* clang-format off */
static const struct row rows[] = {
/*                                                          CLOSED LISTEN S-SENT S-RCVD S-RCVD ESTAB  F-W-1  F-W-2  C-WAIT CLOSNG L-ACK  T-WAIT */
{ "RST at RCV.NXT",        RST,       AT_NXT,    NO_ACK,  0, { ".=",  ".=",  ".=",  ".LI", ".CL", ".CL", ".CL", ".CL", ".CL", ".CL", ".CL", ".CL" } },
{ "RST,ACK at RCV.NXT",    RST | ACK, AT_NXT,   ACKS_ALL, 0, { ".=",  ".=",  ".CL", ".LI", ".CL", ".CL", ".CL", ".CL", ".CL", ".CL", ".CL", ".CL" } },
{ "RST,ACK of nothing",    RST | ACK, AT_NXT, ACKS_BEYOND,0, { ".=",  ".=",  ".=",  ".LI", ".CL", ".CL", ".CL", ".CL", ".CL", ".CL", ".CL", ".CL" } },
{ "RST in the window",     RST,     IN_WINDOW,   NO_ACK,  0, { ".=",  ".=",  ".=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A="  } },
{ "RST at its last octet", RST, LAST_OF_WINDOW,  NO_ACK,  0, { ".=",  ".=",  ".=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A="  } },
{ "RST at the edge",       RST,       AT_EDGE,   NO_ACK,  0, { ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".="  } },
{ "RST before RCV.NXT",    RST,       BEFORE,    NO_ACK,  0, { ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".="  } },
{ "SYN in the window",     SYN,     IN_WINDOW,   NO_ACK,  0, { "Z=",  "SSR", "SSR", ".LI", "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A="  } },
{ "SYN again",             SYN,       AT_IRS,    NO_ACK,  0, { "Z=",  "SSR", "SSR", "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A="  } },
{ "SYN at the edge",       SYN,       AT_EDGE,   NO_ACK,  0, { "Z=",  "SSR", "SSR", "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A="  } },
{ "SYN,ACK",               SYN | ACK, AT_NXT,   ACKS_ALL, 0, { "R=",  "R=",  "NES", ".LI", "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A="  } },
{ "SYN,ACK of nothing",    SYN | ACK, AT_NXT, ACKS_BEYOND,0, { "R=",  "R=",  "R=",  ".LI", "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A="  } },
{ "nothing at all",        0,         AT_NXT,    NO_ACK,  0, { "Z=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".="  } },
{ "octets without ACK",    0,         AT_NXT,    NO_ACK, 10, { "Z=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".="  } },
{ "FIN without ACK",       FIN,       AT_NXT,    NO_ACK,  0, { "Z=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".="  } },
{ "ACK of SND.UNA",        ACK,       AT_NXT,   ACKS_UNA, 0, { "R=",  "R=",  "R=",  "R=",  "R=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".="  } },
{ "ACK of SND.NXT",        ACK,       AT_NXT,   ACKS_ALL, 0, { "R=",  "R=",  ".=",  ".ES", ".ES", ".=",  ".F2", ".=",  ".=",  ".TW", ".CL", ".="  } },
{ "ACK beyond SND.NXT",    ACK,       AT_NXT, ACKS_BEYOND,0, { "R=",  "R=",  "R=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A="  } },
{ "octets, ACK beyond",    ACK,       AT_NXT, ACKS_BEYOND,9, { "R=",  "R=",  "R=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A="  } },
{ "ACK before SND.UNA",    ACK,       AT_NXT,   ACKS_OLD, 0, { "R=",  "R=",  "R=",  "R=",  "R=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".=",  ".="  } },
{ "ACK a window too old",  ACK,       AT_NXT,ACKS_TOO_OLD,7, { "R=",  "R=",  "R=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A="  } },
{ "octets in order",       ACK,       AT_NXT,   ACKS_ALL,10, { "R=",  "R=",  ".=",  "DES", "DES", "D=",  "DF2", "D=",  ".=",  ".TW", ".CL", ".="  } },
{ "octets, ACK of SND.UNA",ACK,       AT_NXT,   ACKS_UNA,10, { "R=",  "R=",  "R=",  "R=",  "R=",  "D=",  "D=",  "D=",  ".=",  ".=",  ".=",  ".="  } },
{ "octets above a gap",    ACK,     IN_WINDOW,  ACKS_ALL,10, { "R=",  "R=",  ".=",  "AES", "AES", "A=",  "AF2", "A=",  ".=",  ".TW", ".CL", ".="  } },
{ "octets at the edge",    ACK,       AT_EDGE,  ACKS_ALL,10, { "R=",  "R=",  ".=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A="  } },
{ "old octet",             ACK,       BEFORE,   ACKS_ALL, 1, { "R=",  "R=",  ".=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A="  } },
{ "empty, before RCV.NXT", ACK,       BEFORE,   ACKS_ALL, 0, { "R=",  "R=",  ".=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A="  } },
/* A second FIN beyond the first is nothing that the RFC knows: no cell. */
{ "FIN",                   FIN | ACK, AT_NXT,   ACKS_UNA, 0, { "R=",  "R=",  "R=",  "R=",  "R=",  "NCW", "NCI", "NTW", NULL,  ".=",  NULL,  NULL  } },
{ "FIN, ACK of SND.NXT",   FIN | ACK, AT_NXT,   ACKS_ALL, 0, { "R=",  "R=",  ".=",  "NCW", "NCW", "NCW", "NTW", "NTW", NULL,  NULL,  ".CL", NULL  } },
{ "octets and FIN",        FIN | ACK, AT_NXT,   ACKS_ALL,10, { "R=",  "R=",  ".=",  "NCW", "NCW", "NCW", "NTW", "NTW", NULL,  NULL,  ".CL", NULL  } },
{ "FIN above a gap",       FIN | ACK,IN_WINDOW, ACKS_ALL, 0, { "R=",  "R=",  ".=",  "AES", "AES", "A=",  "AF2", "A=",  NULL,  NULL,  ".CL", NULL  } },
{ "FIN again",             FIN | ACK, BEFORE,   ACKS_UNA, 0, { "R=",  "R=",  "R=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A=",  "A="  } },
};
/* clang-format on */

enum { ROWS = sizeof rows / sizeof *rows, RECEIVE_WINDOW = 65535 };

static const struct {
    const char *code;
    enum state  state;
} codes[] = { { "CL", CLOSED },      { "LI", LISTEN },     { "SS", SYN_SENT },   { "SR", SYN_RECEIVED },
              { "ES", ESTABLISHED }, { "F1", FIN_WAIT_1 }, { "F2", FIN_WAIT_2 }, { "CW", CLOSE_WAIT },
              { "CI", CLOSING },     { "LA", LAST_ACK },   { "TW", TIME_WAIT } };

static enum state state_after(const char *code, enum state before)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (code[0] == codes[i].code[0] && code[1] == codes[i].code[1])
            return codes[i].state;
    ck_assert_msg(code[0] == '=', "a cell says %s", code);
    return before;
}

/* RCV.NXT and SND as the segments of rig_enter must have left them. */
struct expected {
    uint32_t rcv_nxt, rcv_wnd, snd_una, snd_nxt;
};

static struct expected numbers_in(const struct rig *rig, enum state state)
{
    bool            fin_came = state == CLOSE_WAIT || state == CLOSING || state == LAST_ACK || state == TIME_WAIT;
    bool            fin_sent = state > ESTABLISHED && state != CLOSE_WAIT;
    bool            fin_held = state == FIN_WAIT_1 || state == CLOSING || state == LAST_ACK;
    struct expected numbers  = { .rcv_nxt = rig->irs + 1 + fin_came, .rcv_wnd = RECEIVE_WINDOW - fin_came };

    numbers.snd_nxt = rig->iss + 1 + fin_sent;
    numbers.snd_una = state == SYN_SENT || state == SYN_RECEIVED ? rig->iss : numbers.snd_nxt - fin_held;
    return numbers;
}

static uint32_t seq_of(const struct rig *rig, const struct expected *numbers, enum at at)
{
    switch (at) {
    case AT_NXT:
        return numbers->rcv_nxt;
    case IN_WINDOW:
        return numbers->rcv_nxt + 50;
    case LAST_OF_WINDOW:
        return numbers->rcv_nxt + numbers->rcv_wnd - 1;
    case AT_EDGE:
        return numbers->rcv_nxt + numbers->rcv_wnd;
    case BEFORE:
        return numbers->rcv_nxt - 1;
    case AT_IRS:
        break;
    }
    return rig->irs;
}

static uint32_t ack_of(const struct rig *rig, const struct expected *numbers, enum acks acks)
{
    switch (acks) {
    case NO_ACK:
        return 0;
    case ACKS_UNA:
        return numbers->snd_una;
    case ACKS_ALL:
        return numbers->snd_nxt;
    case ACKS_BEYOND:
        return numbers->snd_nxt + 1;
    case ACKS_OLD:
        return numbers->snd_una - 1;
    case ACKS_TOO_OLD:
        break;
    }
    return numbers->snd_una - rig->window - 1;
}

static void expect_answer(struct rig *rig, char answer, const struct expected *numbers, const struct row *row,
                          enum state before)
{
    uint32_t seq = seq_of(rig, numbers, row->at), ack = ack_of(rig, numbers, row->acks);
    uint32_t end = seq + (uint32_t)row->octets + ((row->flags & SYN) != 0) + ((row->flags & FIN) != 0);

    switch (answer) {
    case '.':
        break;
    case 'A':
        rig_expect(rig, ACK, numbers->snd_nxt, numbers->rcv_nxt, 0);
        break;
    case 'N':
        rig_expect(rig, ACK, numbers->snd_nxt, end, 0);
        break;
    case 'D':
        rig_expect_nothing(rig);
        rig_pass(rig, 200 * RIG_MS);
        rig_expect(rig, ACK, numbers->snd_nxt, end, 0);
        break;
    case 'R':
        rig_expect(rig, RST, ack, 0, 0);
        break;
    case 'Z':
        rig_expect(rig, RST | ACK, 0, end, 0);
        break;
    case 'S':
        if (before == LISTEN)
            rig->iss = rig->sent[rig->seen].packet.segment.seq;
        rig_expect(rig, SYN | ACK, rig->iss, seq + 1, 0);
        break;
    default:
        ck_abort_msg("a cell says %c", answer);
    }
}

static void play_cell(const struct row *row, size_t column, bool ipv6)
{
    struct rig           rig  = { .ipv6 = ipv6, .irs = 0xfffffff0u };
    const char          *cell = row->cells[column];
    const struct column *in   = &columns[column];

    if (cell == NULL)
        return;
    rig_begin(&rig, NULL);
    rig_enter(&rig, in->state, in->way);
    struct expected numbers = numbers_in(&rig, in->state);

    rig_peer(&rig, row->flags, seq_of(&rig, &numbers, row->at), ack_of(&rig, &numbers, row->acks), NULL, row->octets);
    expect_answer(&rig, cell[0], &numbers, row, in->state);
    rig_pass(&rig, 250 * RIG_MS);
    rig_expect_nothing(&rig);
    enum state after = state_after(cell + 1, in->state);
    bool       right = after == CLOSED ? rig_block(&rig) == NULL : rig_state(&rig) == after;

    ck_assert_msg(right, "%s in %s: state %d", row->name, in->name, rig_state(&rig));
    rig_end(&rig);
}

START_TEST(segment_in_every_state)
{
    for (size_t column = 0; column < COLUMNS; column++)
        play_cell(&rows[_i], column, false);
}
END_TEST

START_TEST(segment_in_every_state_over_ipv6)
{
    for (size_t column = 0; column < COLUMNS; column++)
        play_cell(&rows[_i], column, true);
}
END_TEST

/* ---- what the user is told of a RST (3.10.7.3, second; 3.10.7.4, second) ---------------------------------------------------
 */

START_TEST(rst_tells_the_user)
{
    static const struct {
        enum state   state;
        enum rig_way way;
        int          told; /* -1: nothing */
    } expected[] = {
        { SYN_SENT, RIG_ACTIVE, TCP_SIGNAL_RESET },
        { SYN_RECEIVED, RIG_PASSIVE, -1 },
        { SYN_RECEIVED, RIG_ACTIVE, TCP_SIGNAL_REFUSED },
        { ESTABLISHED, RIG_PASSIVE, TCP_SIGNAL_RESET },
        { FIN_WAIT_1, RIG_PASSIVE, TCP_SIGNAL_RESET },
        { FIN_WAIT_2, RIG_PASSIVE, TCP_SIGNAL_RESET },
        { CLOSE_WAIT, RIG_PASSIVE, TCP_SIGNAL_RESET },
        { CLOSING, RIG_PASSIVE, -1 },
        { LAST_ACK, RIG_PASSIVE, -1 },
        { TIME_WAIT, RIG_PASSIVE, -1 },
    };
    struct rig      rig  = { .irs = 77 };
    const unsigned  news = 1u << TCP_SIGNAL_RESET | 1u << TCP_SIGNAL_REFUSED | 1u << TCP_SIGNAL_TIMED_OUT;
    struct expected numbers;

    rig_begin(&rig, NULL);
    rig_enter(&rig, expected[_i].state, expected[_i].way);
    numbers = numbers_in(&rig, expected[_i].state);
    rig_peer(&rig, RST | ACK, numbers.rcv_nxt, numbers.snd_nxt, NULL, 0);
    ck_assert_uint_eq(rig.signals & news, expected[_i].told < 0 ? 0 : 1u << expected[_i].told);
    rig_end(&rig);
}
END_TEST

/* ---- timeouts of each state (3.10.8) ----------------------------------------------------------------------------------------
 */

/* A user timeout of 30 s ends every state in which something is not acknowledged, and no other. */
START_TEST(user_timeout_in_every_state)
{
    const struct column *in  = &columns[_i];
    struct rig           rig = { .irs = 5 };
    bool waits = in->state == SYN_SENT || (in->state == SYN_RECEIVED && in->way == RIG_ACTIVE) || in->state == FIN_WAIT_1 ||
                 in->state == CLOSING || in->state == LAST_ACK;

    rig_begin(&rig, NULL);
    rig_enter(&rig, in->state, in->way);
    if (rig.name != 0 && tcp_set(rig.tcp, rig.name, TCP_USER_TIMEOUT_US, 30 * (uint64_t)RIG_S) == TCP_OK) {
        rig_pass(&rig, 31 * (uint64_t)RIG_S);
        ck_assert_int_eq((rig.signals & 1u << TCP_SIGNAL_TIMED_OUT) != 0, waits);
        ck_assert(waits ? rig_block(&rig) == NULL : rig_state(&rig) == in->state);
    } else {
        ck_assert_int_ne(waits, 1);
    }
    rig_end(&rig);
}
END_TEST

/* What SND.UNA asks for is sent again after 1 s, then after 2 s more. */
START_TEST(retransmission_timeout_in_every_state)
{
    const struct column *in  = &columns[_i];
    struct rig           rig = { .irs = 5 };

    rig_begin(&rig, NULL);
    rig_enter(&rig, in->state, in->way);
    struct expected numbers = numbers_in(&rig, in->state);
    uint64_t        began   = rig.now_us;

    for (int round = 0; round < 2; round++) {
        rig_pass(&rig, (round == 0 ? 1 : 2) * (uint64_t)RIG_S);
        if (in->state == CLOSED || in->state == LISTEN || numbers.snd_una == numbers.snd_nxt)
            continue;
        if (in->state == SYN_SENT)
            rig_expect(&rig, SYN, rig.iss, 0, 0);
        else if (in->state == SYN_RECEIVED)
            rig_expect(&rig, SYN | ACK, rig.iss, rig.irs + 1, 0);
        else
            rig_expect(&rig, FIN | ACK, numbers.snd_una, numbers.rcv_nxt, 0);
        ck_assert_uint_eq(rig.sent[rig.seen - 1].time_us - began, (round == 0 ? 1 : 3) * (uint64_t)RIG_S);
    }
    rig_expect_nothing(&rig);
    rig_end(&rig);
}
END_TEST

START_TEST(time_wait_ends_after_two_msl)
{
    struct rig rig = { .irs = 5 };

    rig_begin(&rig, NULL);
    rig_enter(&rig, TIME_WAIT, RIG_ACTIVE);
    rig_pass(&rig, 240 * (uint64_t)RIG_S - 1);
    ck_assert_int_eq(rig_state(&rig), TIME_WAIT);
    rig_pass(&rig, 1);
    ck_assert_int_eq(rig_state(&rig), CLOSED);
    ck_assert_uint_ne(rig.signals & 1u << TCP_SIGNAL_CLOSED, 0);
    rig_expect_nothing(&rig);
    rig_end(&rig);
}
END_TEST

START_TEST(time_wait_begins_again_with_the_fin)
{
    struct rig rig = { .irs = 5 };

    rig_begin(&rig, NULL);
    rig_enter(&rig, TIME_WAIT, RIG_ACTIVE);
    rig_pass(&rig, 200 * (uint64_t)RIG_S);
    rig_peer(&rig, FIN | ACK, rig.irs + 1, rig.iss + 2, NULL, 0);
    rig_expect(&rig, ACK, rig.iss + 2, rig.irs + 2, 0);
    rig_pass(&rig, 239 * (uint64_t)RIG_S);
    ck_assert_int_eq(rig_state(&rig), TIME_WAIT);
    rig_pass(&rig, RIG_S);
    ck_assert_int_eq(rig_state(&rig), CLOSED);
    rig_end(&rig);
}
END_TEST

/* MAY-2: a SYN beyond the old connection opens a new one above the old numbers; a RST says that it was an old duplicate. */
START_TEST(time_wait_reopens)
{
    struct rig rig = { .irs = 5 };

    rig_begin(&rig, NULL);
    rig_enter(&rig, TIME_WAIT, RIG_PASSIVE);
    uint32_t old_nxt = rig.iss + 2;

    rig_peer(&rig, SYN, rig.irs, 0, NULL, 0); /* an old one: not beyond */
    rig_expect(&rig, ACK, old_nxt, rig.irs + 2, 0);
    ck_assert_int_eq(rig_state(&rig), TIME_WAIT);
    rig_peer(&rig, SYN, rig.irs + 100000, 0, NULL, 0);
    const struct rig_sent *syn_ack = rig_next(&rig);

    ck_assert_ptr_nonnull(syn_ack);
    ck_assert_uint_eq(syn_ack->packet.segment.flags, SYN | ACK);
    ck_assert(seq_before(old_nxt, syn_ack->packet.segment.seq));
    ck_assert_int_eq(rig_state(&rig), SYN_RECEIVED);
    rig_peer(&rig, RST, rig.irs + 100001, 0, NULL, 0);
    ck_assert_int_eq(rig_state(&rig), TIME_WAIT);
    rig_peer(&rig, FIN | ACK, rig.irs + 1, old_nxt, NULL, 0);
    rig_expect(&rig, ACK, old_nxt, rig.irs + 2, 0);
    rig_end(&rig);
}
END_TEST

/* RFC 9293 3.5, Figure 7: SYN crosses SYN, then SYN,ACK crosses SYN,ACK. */
START_TEST(simultaneous_open)
{
    struct rig rig = { .irs = 900 };

    rig_begin(&rig, NULL);
    rig_open(&rig);
    rig_peer(&rig, SYN, rig.irs, 0, NULL, 0);
    rig_expect(&rig, SYN | ACK, rig.iss, rig.irs + 1, 0);
    rig_peer(&rig, SYN | ACK, rig.irs, rig.iss + 1, NULL, 0);
    ck_assert_int_eq(rig_state(&rig), ESTABLISHED);
    ck_assert_uint_ne(rig.signals & 1u << TCP_SIGNAL_OPENED, 0);
    rig_expect_nothing(&rig);
    rig_end(&rig);
}
END_TEST

/* 3.10.7.2, third, and 3.10.7.3, fourth: text and FIN of a SYN wait for ESTABLISHED. */
START_TEST(text_on_syn_waits)
{
    struct rig rig    = { .irs = 900 };
    size_t     octets = _i < 2 ? 5 : 0, count;
    uint8_t    got[10];

    rig_begin(&rig, NULL);
    if (_i % 2 == 0)
        rig_listen(&rig);
    else
        rig_open(&rig);
    rig_peer(&rig, SYN | FIN, rig.irs, 0, "abcde", octets);
    rig.iss = rig.sent[rig.seen].packet.segment.seq;
    rig_expect(&rig, SYN | ACK, rig.iss, rig.irs + 1, 0);
    rig_peer(&rig, ACK, rig.irs + 1, rig.iss + 1, NULL, 0);
    rig_expect(&rig, ACK, rig.iss + 1, (uint32_t)(rig.irs + 2 + octets), 0);
    ck_assert_int_eq(rig_state(&rig), CLOSE_WAIT);
    if (octets > 0) {
        ck_assert_int_eq(tcp_receive(rig.tcp, rig.name, got, sizeof got, &count), TCP_OK);
        ck_assert_uint_eq(count, octets);
        ck_assert_mem_eq(got, "abcde", octets);
    }
    ck_assert_int_eq(tcp_receive(rig.tcp, rig.name, got, sizeof got, &count), TCP_ERROR_CLOSING);
    rig_end(&rig);
}
END_TEST

SUITE(reference_states)
{
    Suite *suite = suite_create("reference_states");
    TCase *table = tcase_create("table"), *more = tcase_create("more");

    tcase_set_timeout(table, 60);
    tcase_add_loop_test(table, segment_in_every_state, 0, ROWS);
    tcase_add_loop_test(table, segment_in_every_state_over_ipv6, 0, ROWS);
    tcase_add_loop_test(table, user_timeout_in_every_state, 0, COLUMNS);
    tcase_add_loop_test(table, retransmission_timeout_in_every_state, 0, COLUMNS);
    tcase_add_loop_test(more, rst_tells_the_user, 0, 10);
    tcase_add_test(more, time_wait_ends_after_two_msl);
    tcase_add_test(more, time_wait_begins_again_with_the_fin);
    tcase_add_test(more, time_wait_reopens);
    tcase_add_test(more, simultaneous_open);
    tcase_add_loop_test(more, text_on_syn_waits, 0, 4);
    suite_add_tcase(suite, table);
    suite_add_tcase(suite, more);
    return suite;
}
