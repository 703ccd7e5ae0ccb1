#include "segment.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

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
