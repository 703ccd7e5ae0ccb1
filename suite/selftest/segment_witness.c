/* segment_witness.c: two strangers read and write the same octets: libnet builds packets that are ours to the octet, and tshark
 * reads out of ours what we put in. Neither needs a privilege here. */
#include <libnet.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/mutate.h"
#include "segment.h"
#include "selftest.h"

enum { ROOM = 2048, PACKETS = 200, LINE_ROOM = 400 };

/* ---- libnet --------------------------------------------------------------------------------------------------------- */

static void libnet_ip_header(libnet_t *libnet, const struct segment *segment, uint16_t tcp_octets)
{
    uint32_t               source4, destination4;
    struct libnet_in6_addr source6, destination6;

    memcpy(&source4, segment->source.octets, sizeof source4);
    memcpy(&destination4, segment->destination.octets, sizeof destination4);
    memcpy(&source6, segment->source.octets, sizeof source6);
    memcpy(&destination6, segment->destination.octets, sizeof destination6);
    libnet_ptag_t tag =
        segment->source.family == 4
            ? libnet_build_ipv4((uint16_t)(LIBNET_IPV4_H + tcp_octets), segment->traffic_class, segment->identification, IP_DF,
                                segment->hop_limit, IPPROTO_TCP, 0, source4, destination4, NULL, 0, libnet, 0)
            : libnet_build_ipv6(segment->traffic_class, 0, tcp_octets, IPPROTO_TCP, segment->hop_limit, source6, destination6,
                                NULL, 0, libnet, 0);

    ck_assert_msg(tag != -1, "libnet: %s", libnet_geterror(libnet));
}

static void libnet_packet(libnet_t *libnet, const struct segment *segment)
{
    uint16_t tcp_octets = (uint16_t)(LIBNET_TCP_H + segment->option_octets + segment->text_octets);

    libnet_clear_packet(libnet);
    if (segment->option_octets > 0)
        ck_assert_int_ne(libnet_build_tcp_options(segment->options, (uint32_t)segment->option_octets, libnet, 0), -1);
    libnet_ptag_t tag =
        libnet_build_tcp(segment->source_port, segment->destination_port, segment->seq, segment->ack, segment->flags,
                         segment->window, 0, segment->urgent_pointer, tcp_octets,
                         segment->text_octets > 0 ? segment->text : NULL, (uint32_t)segment->text_octets, libnet, 0);

    ck_assert_msg(tag != -1, "libnet: %s", libnet_geterror(libnet));
    libnet_ip_header(libnet, segment, tcp_octets);
}

START_TEST(libnet_builds_the_same_octets)
{
    char           why[LIBNET_ERRBUF_SIZE] = "";
    libnet_t      *libnet                  = libnet_init(LIBNET_NONE, NULL, why);
    uint64_t       state                   = 31;
    struct segment segment;
    uint8_t        text[MUTATE_TEXT_OCTETS], ours[ROOM];

    ck_assert_msg(libnet != NULL, "libnet_init: %s", why);
    for (int i = 0; i < PACKETS; i++) {
        uint8_t *theirs;
        uint32_t their_count;

        mutate_segment(&state, _i == 0 ? 4 : 6, &segment, text);
        size_t count = segment_encode(&segment, ours, sizeof ours);

        libnet_packet(libnet, &segment);
        ck_assert_msg(libnet_pblock_coalesce(libnet, &theirs, &their_count) == 1, "libnet: %s", libnet_geterror(libnet));
        ck_assert_uint_eq(count, their_count);
        ck_assert_mem_eq(ours, theirs, count);
        libnet_adv_free_packet(libnet, theirs);
    }
    libnet_destroy(libnet);
}
END_TEST

/* ---- tshark --------------------------------------------------------------------------------------------------------- */

static const char *const fields[] = { "tcp.srcport",
                                      "tcp.dstport",
                                      "tcp.seq_raw",
                                      "tcp.ack_raw",
                                      "tcp.flags",
                                      "tcp.len",
                                      "tcp.window_size_value",
                                      "tcp.urgent_pointer",
                                      "tcp.checksum.status",
                                      "tcp.options.mss_val",
                                      "tcp.options.wscale.shift",
                                      "tcp.options.timestamp.tsval",
                                      "tcp.options.timestamp.tsecr",
                                      "tcp.options.sack.count" };

static void expected_line(const struct segment *segment, bool sound, char line[LINE_ROOM])
{
    struct tcp_options options;
    int                used;

    tcp_options_parse(segment->options, segment->option_octets, &options);
    used = snprintf(line, LINE_ROOM, "%u|%u|%u|%u|0x%04x|%zu|%u|%u|%u|", segment->source_port, segment->destination_port,
                    segment->seq, segment->ack, segment->flags, segment->text_octets, segment->window, segment->urgent_pointer,
                    sound ? 1 : 0);
    if (options.has_mss)
        used += snprintf(line + used, (size_t)(LINE_ROOM - used), "%u", options.mss);
    used += snprintf(line + used, (size_t)(LINE_ROOM - used), "|");
    if (options.has_window_scale)
        used += snprintf(line + used, (size_t)(LINE_ROOM - used), "%u", options.window_scale);
    used += snprintf(line + used, (size_t)(LINE_ROOM - used), "|");
    if (options.has_timestamps)
        used += snprintf(line + used, (size_t)(LINE_ROOM - used), "%u|%u|", options.tsval, options.tsecr);
    else
        used += snprintf(line + used, (size_t)(LINE_ROOM - used), "||");
    if (options.sack_blocks > 0)
        snprintf(line + used, (size_t)(LINE_ROOM - used), "%u", options.sack_blocks);
}

/* Every fourth packet has a wrong checksum, so that a witness who never looks is found out. */
static void write_capture(const char *path, char expected[PACKETS][LINE_ROOM])
{
    pcap_t            *dead   = pcap_open_dead(DLT_RAW, 65535);
    pcap_dumper_t     *dumper = pcap_dump_open(dead, path);
    uint64_t           state  = 32;
    struct segment     segment;
    uint8_t            text[MUTATE_TEXT_OCTETS], octets[ROOM];
    struct damage_wish wish = { .kind = BAD_CHECKSUM };

    ck_assert_msg(dumper != NULL, "%s: %s", path, pcap_geterr(dead));
    for (int i = 0; i < PACKETS; i++) {
        struct pcap_pkthdr header = { .ts = { .tv_sec = i } };

        mutate_segment(&state, i % 2 == 0 ? 4 : 6, &segment, text);
        header.caplen = header.len = (bpf_u_int32)segment_encode(&segment, octets, sizeof octets);
        if (i % 4 == 3)
            packet_damage(octets, header.caplen, &wish);
        expected_line(&segment, i % 4 != 3, expected[i]);
        pcap_dump((u_char *)dumper, &header, octets);
    }
    pcap_dump_close(dumper);
    pcap_close(dead);
}

START_TEST(tshark_reads_what_was_written)
{
    static char expected[PACKETS][LINE_ROOM];
    char        path[] = "/tmp/tcprove-witness-XXXXXX", command[2000], line[LINE_ROOM] = "nothing";
    int         file  = mkstemp(path);
    int         lines = 0;

    ck_assert_int_ne(file, -1);
    close(file);
    if (system("tshark --version >/dev/null 2>&1") != 0) {
        fprintf(stderr, "skipped: tshark_reads_what_was_written, for tshark does not run here (apt-get install tshark)\n");
        unlink(path);
        return;
    }
    write_capture(path, expected);
    int used = snprintf(command, sizeof command,
                        "tshark -r %s -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE -o tcp.desegment_tcp_streams:FALSE "
                        "-n -T fields -E occurrence=f -E separator='|'",
                        path);

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        used += snprintf(command + used, sizeof command - (size_t)used, " -e %s", fields[i]);
    snprintf(command + used, sizeof command - (size_t)used, " 2>/dev/null");
    FILE *tshark = popen(command, "r");

    ck_assert_ptr_nonnull(tshark);
    /* The file goes before anything is judged: a failed assertion comes back to nobody. */
    while (lines < PACKETS && fgets(line, sizeof line, tshark) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, expected[lines]) != 0)
            break;
        lines++;
    }
    pclose(tshark);
    unlink(path);
    ck_assert_msg(lines == PACKETS, "packet %d: tshark read %s", lines, line);
}
END_TEST

SUITE(segment_witness)
{
    Suite *suite = suite_create("segment_witness");
    TCase *tests = tcase_create("segment_witness");

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, libnet_builds_the_same_octets, 0, 2);
    tcase_add_test(tests, tshark_reads_what_was_written);
    suite_add_tcase(suite, tests);
    return suite;
}
