/* pcapng.c: the packets of one case as a pcapng file: a section, one interface of raw IP packets, and for each packet the
 * direction in which it went. Written by hand, for libpcap writes its classic format only. */
#include "pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    SECTION_HEADER      = 0x0a0d0d0a,
    INTERFACE_HEADER    = 1,
    ENHANCED_PACKET     = 6,
    BYTE_ORDER_MAGIC    = 0x1a2b3c4d,
    LINKTYPE_RAW        = 101, /* packets begin with the IP header, of either family */
    OPTION_COMMENT      = 1,
    OPTION_USER_PROGRAM = 4, /* of the section */
    OPTION_FLAGS        = 2, /* of a packet */
    FLAG_INBOUND        = 1,
    FLAG_OUTBOUND       = 2
};

static void put16(FILE *file, uint16_t value)
{
    fwrite(&value, sizeof value, 1, file);
}

static void put32(FILE *file, uint32_t value)
{
    fwrite(&value, sizeof value, 1, file);
}

static size_t padded(size_t octets)
{
    return (octets + 3) & ~(size_t)3;
}

static void put_padded(FILE *file, const void *octets, size_t count)
{
    static const uint8_t zeros[3];

    fwrite(octets, 1, count, file);
    fwrite(zeros, 1, padded(count) - count, file);
}

static size_t option_octets(const char *text)
{
    return 4 + padded(strlen(text));
}

static void put_option(FILE *file, uint16_t code, const char *text)
{
    size_t length = strlen(text);

    put16(file, code);
    put16(file, (uint16_t)length);
    put_padded(file, text, length);
}

static void put_section(FILE *file, const char *comment)
{
    static const char program[] = "tcprove " TCPROVE_VERSION;
    uint32_t          octets    = (uint32_t)(28 + option_octets(comment) + option_octets(program) + 4);

    put32(file, SECTION_HEADER);
    put32(file, octets);
    put32(file, BYTE_ORDER_MAGIC);
    put16(file, 1); /* version 1.0 */
    put16(file, 0);
    put32(file, UINT32_MAX); /* the section's length is not said */
    put32(file, UINT32_MAX);
    put_option(file, OPTION_COMMENT, comment);
    put_option(file, OPTION_USER_PROGRAM, program);
    put32(file, 0); /* end of options */
    put32(file, octets);
}

/* Without options: timestamps are in microseconds, packets are kept whole. */
static void put_interface(FILE *file)
{
    put32(file, INTERFACE_HEADER);
    put32(file, 20);
    put16(file, LINKTYPE_RAW);
    put16(file, 0);
    put32(file, 0);
    put32(file, 20);
}

static void put_packet(FILE *file, const struct captured *packet)
{
    uint32_t octets = (uint32_t)(32 + padded(packet->count) + 8 + 4);

    put32(file, ENHANCED_PACKET);
    put32(file, octets);
    put32(file, 0); /* the first interface */
    put32(file, (uint32_t)(packet->time_us >> 32));
    put32(file, (uint32_t)packet->time_us);
    put32(file, (uint32_t)packet->count);
    put32(file, (uint32_t)packet->count);
    put_padded(file, packet->octets, packet->count);
    put16(file, OPTION_FLAGS);
    put16(file, 4);
    put32(file, packet->from_target ? FLAG_INBOUND : FLAG_OUTBOUND);
    put32(file, 0); /* end of options */
    put32(file, octets);
}

void pcapng_name(const char *id, char *name, size_t room)
{
    snprintf(name, room, "%s.pcapng", id);
    for (char *at = name; *at != '\0'; at++)
        if (*at == '/')
            *at = '.';
}

bool pcapng_write(int folder, const char *name, const char *comment, const struct captured *packets, size_t count,
                  struct error *error)
{
    int   fd   = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

    if (file == NULL) {
        error_set(error, "%s was not written: %s", name, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    put_section(file, comment);
    put_interface(file);
    for (size_t i = 0; i < count; i++)
        put_packet(file, &packets[i]);
    bool written = ferror(file) == 0;

    if (fclose(file) == 0 && written)
        return true;
    error_set(error, "%s was not written: %s", name, strerror(errno));
    unlinkat(folder, name, 0);
    return false;
}
