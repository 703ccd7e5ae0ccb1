/* words.h: the words of the RFCs that segments, stacks and ladders share: control bits, states, kinds of damage and of
 * ICMP error. It knows names and nothing of how any of them is made, sent or judged. */
#ifndef TCPROVE_WORDS_H
#define TCPROVE_WORDS_H

/* RFC 9293 3.1: the control bits of the header, in the positions they have on the wire. MAY_ACK exists in expectations
 * only: the ACK bit is free (a RST may or may not carry one). */
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32, ECE = 64, CWR = 128, MAY_ACK = 256 };

/* RFC 9293 3.3.2, in the RFC's order of a connection's life. EACH belongs to ladders: once for each state listed. */
enum state {
    CLOSED,
    LISTEN,
    SYN_SENT,
    SYN_RECEIVED,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    CLOSE_WAIT,
    CLOSING,
    LAST_ACK,
    TIME_WAIT,
    EACH
};

/* What can be wrong with a packet on purpose. */
enum damage {
    UNDAMAGED,
    BAD_CHECKSUM,         /* the TCP checksum is off by one bit                          */
    ZERO_CHECKSUM,        /* the TCP checksum field is 0 (and 0 is not the right sum)    */
    PSEUDO_LENGTH_WRONG,  /* summed over a pseudo-header with another TCP length         */
    PSEUDO_ADDRESS_WRONG, /* summed over a pseudo-header with another source address     */
    BAD_IP_CHECKSUM,      /* IPv4 only: the header checksum is off by one bit            */
    IP_LENGTH_SHORT       /* the IP length ends inside the TCP header                    */
};

enum icmp { PACKET_TOO_BIG, HOST_UNREACHABLE, PROTOCOL_UNREACHABLE, PORT_UNREACHABLE, TIME_EXCEEDED, SOURCE_QUENCH };

/* The user calls of RFC 9293 3.9.1. CLOSE is the RFC's simplex close (no more to send, still receiving), CLOSE_BOTH
 * also gives up receiving (MAY-1). */
enum call { OPEN, PASSIVE_OPEN, SEND, SEND_URGENT, RECEIVE, PAUSE_READING, CLOSE, CLOSE_BOTH, ABORT, CONFIGURE };

/* What CONFIGURE sets, and the values in parentheses. Cases know the first six; the others are for testers of other people's.
 */
enum setting {
    NO_SETTING,
    NAGLE,                 /* RFC 9293 3.7.4, MUST-17 (0: off)                                       */
    KEEP_ALIVE,            /* RFC 9293 3.8.4: how long a connection is idle before (ms; 0: off)      */
    KEEP_ALIVE_INTERVAL,   /* from probe to probe (ms)                                               */
    USER_TIMEOUT,          /* RFC 9293 3.8.3 (ms; 0: the target's own)                               */
    ACCEPTING,             /* of the listener: the application takes what comes (1), or leaves it waiting (0) */
    BACKLOG,               /* of the listener, RFC 4987 2.2: so many may wait (at least 1; a target may let more) */
    SETTING_TTL,           /* of IP headers (1 to 255)                                               */
    SETTING_PRIORITY,      /* of the socket at its host (0 to 6)                                     */
    SETTING_DONT_FRAGMENT, /* (0, 1)                                                                 */
    SETTING_TOS,           /* of IP headers (0 to 255)                                               */
    SETTING_MSS            /* RFC 9293 3.7.1 (octets, at most)                                       */
};
enum { SETTINGS = SETTING_MSS + 1 };

/* What an application can be told. */
enum event { DATA, URGENT, END, RESET, REFUSED, TIMED_OUT, ACCEPTED, SOFT_ERROR };

#endif
