#include "agent/protocol.h"

#include <string.h>

#include "octets.h"

/* ---- results --------------------------------------------------------------------------------------------------------------
 */

const char *message_result_name(uint8_t result)
{
    static const struct {
        uint8_t     result;
        const char *name;
    } names[] = {
        { RESULT_OK, "ok (00)" },
        { RESULT_NOT_OK, "not ok (01)" },
        { RESULT_USER_TIMEOUT, "user timeout (E3)" },
        { RESULT_CLOSING, "connection closing (E6)" },
        { RESULT_NOT_EXISTING, "no such connection (E5)" },
        { RESULT_INSUFFICIENT_RESOURCES, "insufficient resources (E8)" },
        { RESULT_INVALID_PARAMETER_OLD, "invalid parameter (EC)" },
        { RESULT_CANNOT_BIND, "cannot bind (ED)" },
        { RESULT_CANNOT_CREATE, "cannot create a socket (EE)" },
        { RESULT_INVALID_SOCKET, "invalid socket (EF)" },
        { RESULT_INVALID_PARAMETER, "invalid parameter (FC)" },
        { RESULT_BUFFER_TOO_SMALL, "buffer too small (FD)" },
        { RESULT_PENDING, "pending (FE)" },
        { RESULT_NOT_FOUND, "no such primitive (E_NTF)" },
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].result == result)
            return names[i].name;
    return "a result of its own";
}

/* ---- reading --------------------------------------------------------------------------------------------------------------
 */

enum message_fault message_read(const uint8_t *octets, size_t count, uint16_t service, struct message_head *head,
                                struct message_reader *reader)
{
    *head   = (struct message_head){ 0 };
    *reader = (struct message_reader){ 0 };
    if (count < MESSAGE_HEAD_OCTETS)
        return MESSAGE_RUNT;
    uint32_t length = read32(octets + 4);

    *head = (struct message_head){ .service   = read16(octets),
                                   .event     = (octets[2] & 0x80) != 0,
                                   .group     = octets[2] & 0x7f,
                                   .primitive = octets[3],
                                   .id        = read32(octets + 8),
                                   .type      = octets[14],
                                   .result    = octets[15] };
    if (head->service != service)
        return MESSAGE_OTHER_SERVICE;
    if (octets[12] != MESSAGE_PROTOCOL || octets[13] != MESSAGE_INTERFACE)
        return MESSAGE_OTHER_VERSION;
    if (length < MESSAGE_LENGTH_LEAST || length > count - MESSAGE_HEAD_OCTETS + MESSAGE_LENGTH_LEAST)
        return MESSAGE_RUNT;
    *reader = (struct message_reader){ octets + MESSAGE_HEAD_OCTETS, length - MESSAGE_LENGTH_LEAST, false };
    return MESSAGE_SOUND;
}

/* The next `count` octets, or NULL where there are fewer. */
static const uint8_t *take(struct message_reader *reader, size_t count)
{
    const uint8_t *at = reader->at;

    if (reader->left < count) {
        reader->bad  = true;
        reader->left = 0;
        return NULL;
    }
    reader->at += count;
    reader->left -= count;
    return at;
}

uint8_t message_read8(struct message_reader *reader)
{
    const uint8_t *at = take(reader, 1);

    return at != NULL ? *at : 0;
}

uint16_t message_read16(struct message_reader *reader)
{
    const uint8_t *at = take(reader, 2);

    return at != NULL ? read16(at) : 0;
}

uint32_t message_read32(struct message_reader *reader)
{
    const uint8_t *at = take(reader, 4);

    return at != NULL ? read32(at) : 0;
}

uint64_t message_read64(struct message_reader *reader)
{
    uint64_t high = message_read32(reader);

    return high << 32 | message_read32(reader);
}

size_t message_read_data(struct message_reader *reader, const uint8_t **data)
{
    size_t count = message_read16(reader);

    *data = take(reader, count);
    return *data != NULL ? count : 0;
}

struct ip_address message_read_address(struct message_reader *reader)
{
    struct ip_address address = { 0 };
    const uint8_t    *octets;
    size_t            count = message_read_data(reader, &octets);

    if (count != 4 && count != 16) {
        reader->bad = true;
        return address;
    }
    address.family = count == 4 ? 4 : 6;
    memcpy(address.octets, octets, count);
    return address;
}

/* ---- writing --------------------------------------------------------------------------------------------------------------
 */

static uint8_t *room_for(struct message_writer *writer, size_t count)
{
    if (writer->full || count > sizeof writer->octets - writer->count) {
        writer->full = true;
        return NULL;
    }
    writer->count += count;
    return writer->octets + writer->count - count;
}

void message_begin(struct message_writer *writer, const struct message_head *head)
{
    writer->count = MESSAGE_HEAD_OCTETS;
    writer->full  = false;
    write16(writer->octets, head->service);
    writer->octets[2] = (uint8_t)(head->group | (head->event ? 0x80 : 0));
    writer->octets[3] = head->primitive;
    write32(writer->octets + 8, head->id);
    writer->octets[12] = MESSAGE_PROTOCOL;
    writer->octets[13] = MESSAGE_INTERFACE;
    writer->octets[14] = head->type;
    writer->octets[15] = head->result;
}

void message_write8(struct message_writer *writer, unsigned value)
{
    uint8_t *at = room_for(writer, 1);

    if (at != NULL)
        *at = (uint8_t)value;
}

void message_write16(struct message_writer *writer, unsigned value)
{
    uint8_t *at = room_for(writer, 2);

    if (at != NULL)
        write16(at, value);
}

void message_write32(struct message_writer *writer, uint32_t value)
{
    uint8_t *at = room_for(writer, 4);

    if (at != NULL)
        write32(at, value);
}

void message_write64(struct message_writer *writer, uint64_t value)
{
    message_write32(writer, (uint32_t)(value >> 32));
    message_write32(writer, (uint32_t)value);
}

void message_write_data(struct message_writer *writer, const uint8_t *data, size_t count)
{
    message_write16(writer, (unsigned)count);
    uint8_t *at = room_for(writer, count);

    if (at != NULL && count > 0)
        memcpy(at, data, count);
}

void message_write_address(struct message_writer *writer, const struct ip_address *address)
{
    message_write_data(writer, address->octets, address->family == 6 ? 16 : 4);
}

size_t message_end(struct message_writer *writer)
{
    write32(writer->octets + 4, (uint32_t)(writer->count - MESSAGE_HEAD_OCTETS + MESSAGE_LENGTH_LEAST));
    return writer->count;
}
