#include "segment.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

uint32_t segment_length(const struct segment *segment)
{
    return (uint32_t)segment->text_octets + ((segment->flags & SYN) != 0) + ((segment->flags & FIN) != 0);
}

bool seq_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

bool seq_before_eq(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) <= 0;
}

bool ip_address_equal(const struct ip_address *a, const struct ip_address *b)
{
    if (a->family != b->family)
        return false;
    return a->family == 0 || memcmp(a->octets, b->octets, a->family == 4 ? 4 : 16) == 0;
}

bool ip_address_parse(const char *text, struct ip_address *address)
{
    *address = (struct ip_address){ 0 };
    if (inet_pton(AF_INET, text, address->octets) == 1)
        address->family = 4;
    else if (inet_pton(AF_INET6, text, address->octets) == 1)
        address->family = 6;
    return address->family != 0;
}

void ip_address_print(const struct ip_address *address, char text[46])
{
    if (address->family == 0 || inet_ntop(address->family == 4 ? AF_INET : AF_INET6, address->octets, text, 46) == NULL)
        snprintf(text, 46, "none");
}
