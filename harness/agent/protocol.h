/* protocol.h: the octets of the testability protocol: a header of 16 octets, then parameters, big endian. A tester and an agent
 * share it. It knows neither what a primitive does nor how a message travels. The layout is that of public implementations of
 * AUTOSAR's testability protocol (document 778); group 7F is our own, for what that has no word for. */
#ifndef TCPROVE_AGENT_PROTOCOL_H
#define TCPROVE_AGENT_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "segment.h"

enum {
    AGENT_PORT            = 30700,
    AGENT_SERVICE         = 0x0105,
    AGENT_VERSION         = 1, /* of group 7F: what HELLO compares */
    MESSAGE_HEAD_OCTETS   = 16,
    MESSAGE_ID_AT         = 8,    /* where the request id stands */
    MESSAGE_LENGTH_LEAST  = 8,    /* the length field counts from the request id on */
    MESSAGE_OCTETS        = 1400, /* of the longest message of ours: one packet on every link */
    MESSAGE_DATA_OCTETS   = 1200, /* of a user's data in one message */
    MESSAGE_PROTOCOL      = 1,
    MESSAGE_INTERFACE     = 1,
    MESSAGE_NUMBER_NO_MAX = 0xffff
};

enum message_type { MESSAGE_REQUEST = 0x00, MESSAGE_EVENT = 0x02, MESSAGE_RESPONSE = 0x80 };

enum message_group { GROUP_GENERAL = 0x00, GROUP_TCP = 0x02, GROUP_OURS = 0x7f };

enum general_primitive { GENERAL_GET_VERSION = 0x01, GENERAL_START_TEST = 0x02, GENERAL_END_TEST = 0x03 };

enum tcp_primitive {
    TCP_CLOSE_SOCKET        = 0x00, /* socket u16, abort bool                                                              */
    TCP_CREATE_AND_BIND     = 0x01, /* bind bool, port u16 (FFFF: any), address -> socket u16                              */
    TCP_SEND_DATA           = 0x02, /* socket u16, total u16, flags u8, data, repeated up to total                         */
    TCP_RECEIVE_AND_FORWARD = 0x03, /* socket u16, max forward u16, max length u16 -> dropped u16; event: length u16, data */
    TCP_LISTEN_AND_ACCEPT   = 0x04, /* socket u16, max connections u16; event: listener, socket, port, address             */
    TCP_CONNECT             = 0x05, /* socket u16, port u16, address                                                       */
    TCP_CONFIGURE_SOCKET    = 0x06, /* socket u16, parameter u16, value                                                    */
    TCP_SHUTDOWN            = 0x07  /* socket u16, type u8: 0 read, 1 write, 2 both                                        */
};

enum our_primitive {
    OURS_HELLO = 0x00,        /* version u8, token u32 (0 at first) -> version u8, token u32. A second HELLO with the token
                                 of the first shows that replies arrive where requests come from                           */
    OURS_STATUS       = 0x01, /* socket u16, from u64, most u16 -> events u32, octets u64, urgent to u64, data read at from  */
    OURS_ACCEPTED     = 0x02, /* listener u16, port u16, address -> socket u16; or PENDING                                  */
    OURS_SEND_URGENT  = 0x03, /* socket u16, data: the last octet is urgent                                                */
    OURS_GATHER       = 0x04, /* socket u16, data: to go before the data of the next SEND_DATA or SEND_URGENT, as one SEND  */
    OURS_PAUSE        = 0x05, /* socket u16: the application reads no more                                                 */
    OURS_RESUME       = 0x06, /* socket u16 -> octets read u64                                                             */
    OURS_SERVE        = 0x07, /* listener u16, service u8: its connections to come are served                              */
    OURS_USER_TIMEOUT = 0x08, /* socket u16, milliseconds u32                                                              */
    OURS_KEEP_ALIVE   = 0x09, /* socket u16, what u8 (0: idle, 1: interval), milliseconds u32 (idle of 0: off)             */
    OURS_LISTENER     = 0x0a /* listener u16, what u8, value u32: 0: takes what comes (1), or leaves it waiting (0); 1: backlog,
                                at least 1                                                                                 */
};

enum message_result {
    RESULT_OK                     = 0x00,
    RESULT_NOT_OK                 = 0x01,
    RESULT_USER_TIMEOUT           = 0xe3,
    RESULT_CLOSING                = 0xe6,
    RESULT_NOT_EXISTING           = 0xe5,
    RESULT_INSUFFICIENT_RESOURCES = 0xe8,
    RESULT_INVALID_PARAMETER_OLD  = 0xec, /* release 1.1.0; later "invalid interface" */
    RESULT_CANNOT_BIND            = 0xed,
    RESULT_CANNOT_CREATE          = 0xee,
    RESULT_INVALID_SOCKET         = 0xef,
    RESULT_INVALID_PARAMETER      = 0xfc,
    RESULT_BUFFER_TOO_SMALL       = 0xfd,
    RESULT_PENDING                = 0xfe,
    RESULT_NOT_FOUND              = 0xff /* E_NTF */
};

/* For a sentence: "cannot bind (ED)" and the like; of static storage. */
const char *message_result_name(uint8_t result);

struct message_head {
    uint16_t service;
    uint8_t  group, primitive, type, result;
    bool     event;
    uint32_t id;
};

enum message_fault { MESSAGE_SOUND, MESSAGE_RUNT, MESSAGE_OTHER_SERVICE, MESSAGE_OTHER_VERSION };

/* ---- reading --------------------------------------------------------------------------------------------------------------
 */

/* Parameters that are still to be read. Reading beyond them gives zeros and sets `bad`. */
struct message_reader {
    const uint8_t *at;
    size_t         left;
    bool           bad;
};

/* Reads the header of a whole message; the parameters begin in *reader. `service`: the one that is expected. What the fault is
 * about is in *head as far as there is a header. */
enum message_fault message_read(const uint8_t *octets, size_t count, uint16_t service, struct message_head *head,
                                struct message_reader *reader);

uint8_t  message_read8(struct message_reader *reader);
uint16_t message_read16(struct message_reader *reader);
uint32_t message_read32(struct message_reader *reader);
uint64_t message_read64(struct message_reader *reader);
/* A vint8: the octets lie in the message; their count is returned. */
size_t message_read_data(struct message_reader *reader, const uint8_t **data);
/* An address of 4 or 16 octets; any other count is bad. */
struct ip_address message_read_address(struct message_reader *reader);

/* ---- writing --------------------------------------------------------------------------------------------------------------
 */

/* A message that is being written; `full` once something did not fit, and then nothing is written any more. */
struct message_writer {
    uint8_t octets[MESSAGE_OCTETS];
    size_t  count;
    bool    full;
};

void message_begin(struct message_writer *writer, const struct message_head *head);
void message_write8(struct message_writer *writer, unsigned value);
void message_write16(struct message_writer *writer, unsigned value);
void message_write32(struct message_writer *writer, uint32_t value);
void message_write64(struct message_writer *writer, uint64_t value);
void message_write_data(struct message_writer *writer, const uint8_t *data, size_t count);
void message_write_address(struct message_writer *writer, const struct ip_address *address);
/* Puts the length in; returns the octets of the whole message. */
size_t message_end(struct message_writer *writer);

#endif
