/* pcapng.c: what is written by hand is read back by libpcap, packet by packet. */
#include "pcapng.h"

#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "selftest.h"

static char folder[40];
static int  fd;

static void open_folder(void)
{
    strcpy(folder, "/tmp/tcprove-pcapng-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
}

static void drop_folder(void)
{
    char command[80];

    close(fd);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(libpcap_reads_it_back)
{
    static const uint8_t first[] = { 0x45, 1, 2, 3, 4, 5, 6 }, second[] = { 0x60, 9, 8, 7 };
    struct captured      packets[] = { { 1700000000123456, false, first, sizeof first },
                                       { 1700000000123999, true, second, sizeof second } };
    char                 path[100], said[PCAP_ERRBUF_SIZE];
    struct error         error;
    struct pcap_pkthdr  *header;
    const uint8_t       *octets;

    ck_assert_msg(pcapng_write(fd, "x.pcapng", "a comment of odd length!!", packets, 2, &error), "%s", error.sentence);
    snprintf(path, sizeof path, "%s/x.pcapng", folder);
    pcap_t *pcap = pcap_open_offline(path, said);

    ck_assert_msg(pcap != NULL, "%s", said);
    ck_assert_int_eq(pcap_datalink(pcap), DLT_RAW);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pcap_next_ex(pcap, &header, &octets), 1);
        ck_assert_uint_eq(header->caplen, packets[i].count);
        ck_assert_mem_eq(octets, packets[i].octets, packets[i].count);
        ck_assert_uint_eq((uint64_t)header->ts.tv_sec * 1000000 + (uint64_t)header->ts.tv_usec, packets[i].time_us);
    }
    ck_assert_int_eq(pcap_next_ex(pcap, &header, &octets), PCAP_ERROR_BREAK);
    pcap_close(pcap);
}
END_TEST

START_TEST(a_file_without_packets_is_whole)
{
    char         path[100], said[PCAP_ERRBUF_SIZE];
    struct error error;

    ck_assert(pcapng_write(fd, "none.pcapng", "", NULL, 0, &error));
    snprintf(path, sizeof path, "%s/none.pcapng", folder);
    pcap_t *pcap = pcap_open_offline(path, said);

    ck_assert_msg(pcap != NULL, "%s", said);
    pcap_close(pcap);
}
END_TEST

START_TEST(what_cannot_be_written_is_told)
{
    struct error error;

    ck_assert(!pcapng_write(fd, "no/such/folder.pcapng", "", NULL, 0, &error));
    ck_assert_str_eq(error.sentence, "no/such/folder.pcapng was not written: No such file or directory");
}
END_TEST

START_TEST(names)
{
    char name[100];

    pcapng_name("rst/exact/fin-wait-1", name, sizeof name);
    ck_assert_str_eq(name, "rst.exact.fin-wait-1.pcapng");
}
END_TEST

SUITE(pcapng)
{
    Suite *suite = suite_create("pcapng");
    TCase *tests = tcase_create("files");

    tcase_add_checked_fixture(tests, open_folder, drop_folder);
    tcase_add_test(tests, libpcap_reads_it_back);
    tcase_add_test(tests, a_file_without_packets_is_whole);
    tcase_add_test(tests, what_cannot_be_written_is_told);
    tcase_add_test(tests, names);
    suite_add_tcase(suite, tests);
    return suite;
}
