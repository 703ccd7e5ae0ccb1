/* stub_inside.h: what the files of the stub share. Nothing outside harness/agent/stub*.c includes it. */
#ifndef TCPROVE_AGENT_STUB_INSIDE_H
#define TCPROVE_AGENT_STUB_INSIDE_H

#include "agent/stub.h"

enum { ARMED_MOST = 32 };

enum armed_kind { ARMED_NOTHING, ARMED_ACCEPT, ARMED_FORWARD };

/* A socket whose news are told as events. */
struct armed {
    enum armed_kind kind;
    uint16_t        socket;
    uint32_t        request;     /* id of the request that armed it */
    uint64_t        told;        /* connections told, or octets looked at so far */
    uint16_t        connections; /* ACCEPT: at most so many are told */
    uint16_t        forward;     /* FORWARD: octets of one event */
    uint64_t        until;       /* FORWARD: where in the stream it ends */
};

/* One control endpoint: its sockets are its own. */
struct session {
    struct control control;
    void          *application;
    uint64_t       turn;                 /* when it last spoke, in datagrams */
    bool           greeted, shown;       /* a HELLO came; one with our token */
    bool           named;                /* a socket that only a reply could tell */
    unsigned       misnamed;             /* sockets that are not there, before that */
    uint32_t       token, first, latest; /* ids of the HELLO that began it, and of the latest request */
    uint8_t        cached[MESSAGE_OCTETS];
    size_t         cached_octets;
    uint16_t       gathered_socket;
    size_t         gathered;
    struct armed   armed[ARMED_MOST];
    uint8_t        gather[CALL_DATA_MAX_OCTETS];
};

struct stub {
    struct stub_host    host;
    uint64_t            turn;
    uint16_t            mask;     /* of socket numbers: who names one has read our reply */
    struct session    **sessions; /* host.controls of them; NULL: free */
    struct call_request request;
    struct call_reply   reply;
};

/* One request at work. A primitive reads its parameters from `in`, and writes those of the response to `out`. */
struct exchange {
    struct stub           *stub;
    struct session        *session;
    struct message_head    head;
    struct message_reader *in;
    struct message_writer *out;
};

/* Each reads its parameters, does what is asked and returns the result. */
typedef uint8_t primitive_function(struct exchange *exchange);

/* The primitive of a group, NULL where there is none (E_NTF). */
primitive_function *stub_tcp_primitive(uint8_t primitive);
primitive_function *stub_our_primitive(uint8_t primitive);

/* The number of a socket, as parameters have it. */
uint16_t stub_read_socket(struct exchange *exchange);
void     stub_write_socket(struct exchange *exchange, uint16_t socket);

/* A call of `kind` on `socket`, to be filled in further; and its making, with the result as the protocol has it. */
struct call_request *stub_request(struct exchange *exchange, enum call_kind kind, uint16_t socket);
uint8_t              stub_call(struct exchange *exchange);

/* SEND of `data`, behind what was gathered for the socket. */
uint8_t stub_send(struct exchange *exchange, uint16_t socket, const uint8_t *data, size_t count, bool urgent);

/* A place for news of the socket, the one that it has already if so; NULL where all are taken, or nothing shows yet that who
 * speaks from this address gets what is sent there: events may be many times as long as what asks for them. */
struct armed *stub_arm(struct session *session, enum armed_kind kind, uint16_t socket);

#endif
