#include "checksum.h"

#include "octets.h"

/* RFC 1071 2(C): 2^32 is 1 modulo 2^16 - 1, so words of 32 bits add up to the same sum as words of 16. */
uint64_t checksum_add(uint64_t sum, const uint8_t *octets, size_t count)
{
    size_t whole = count & ~(size_t)3;

    for (size_t i = 0; i < whole; i += 4)
        sum += read32(octets + i);
    for (size_t i = whole; i < count; i++)
        sum += (uint64_t)octets[i] << (i % 2 == 0 ? 8 : 0);
    return sum;
}

uint64_t checksum_pseudo(const uint8_t *source, const uint8_t *destination, size_t address_octets, uint8_t protocol,
                         size_t length_octets)
{
    return checksum_add(checksum_add(protocol + (uint64_t)length_octets, source, address_octets), destination, address_octets);
}

uint16_t checksum_fold(uint64_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}
