#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "fault.h"

static const char *const verbs[] = {
    "run", "list", "explain", "lint", "compare", "doctor", "replay", "seeds", "help", "version"
};

struct option_word {
    const char *name, *argument, *what;
    bool (*read)(struct options *options, const char *value, struct error *error);
};

/* ---- one function an option ------------------------------------------------------------------------------------------- */

static bool read_number(const char *name, const char *value, unsigned long most, unsigned long *number, struct error *error)
{
    char *end;

    errno   = 0;
    *number = strtoul(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || value[0] == '-' || *number > most)
        return error_set(error, "%s takes a whole number up to %lu, not \"%s\"", name, most, value);
    return true;
}

static bool read_jobs(struct options *options, const char *value, struct error *error)
{
    unsigned long number;

    if (!read_number("-j", value, 500, &number, error))
        return false;
    if (number == 0)
        return error_set(error, "-j takes the number of cases at a time, 1 or more");
    options->jobs = (unsigned)number;
    return true;
}

static bool read_retries(struct options *options, const char *value, struct error *error)
{
    unsigned long number;

    if (!read_number("--retries", value, 20, &number, error))
        return false;
    options->retries = (unsigned)number;
    return true;
}

static bool read_seed(struct options *options, const char *value, struct error *error)
{
    unsigned long number;

    if (!read_number("--seed", value, UINT32_MAX, &number, error))
        return false;
    options->seed       = number;
    options->seed_given = true;
    return true;
}

static bool read_time_scale(struct options *options, const char *value, struct error *error)
{
    char  *end;
    double number = strtod(value, &end);

    if (end == value || *end != '\0' || !(number >= 1.0 && number <= 100.0))
        return error_set(error, "--time-scale takes a number from 1 to 100, not \"%s\"", value);
    options->time_scale = number;
    return true;
}

static bool read_profile(struct options *options, const char *value, struct error *error)
{
    for (int i = PROFILE_QUICK; i <= PROFILE_FULL; i++) {
        if (strcmp(value, profile_name((enum profile)i)) == 0) {
            options->profile       = (enum profile)i;
            options->profile_given = true;
            return true;
        }
    }
    return error_set(error, "--profile is quick, standard or full, not \"%s\"", value);
}

static bool read_service(struct options *options, const char *value, struct error *error)
{
    struct service_at service = { .kind = SERVICE_NONE };
    size_t            length  = strcspn(value, "=");
    unsigned long     port    = 0;

    for (int kind = SERVICE_ECHO; kind < SERVICE_UNKNOWN; kind++)
        if (strncmp(value, service_name((enum service)kind), length) == 0 && service_name((enum service)kind)[length] == '\0')
            service.kind = (enum service)kind;
    if (service.kind == SERVICE_NONE || length == 0)
        return error_set(error,
                         "--service is echo, discard, chargen, daytime or http, and =PORT where it is not the usual one,"
                         " not \"%s\"",
                         value);
    if (value[length] == '=' && (!read_number("--service", value + length + 1, UINT16_MAX, &port, error) || port == 0))
        return error_set(error, "--service %s takes a port from 1 to 65535", value);
    service.port = (uint16_t)port;
    for (size_t i = 0; i < options->service_count; i++)
        if (options->services[i].kind == service.kind)
            return error_set(error, "--service %s is given twice", service_name(service.kind));
    if (options->service_count == 0)
        options->service = service.kind;
    options->services[options->service_count++] = service;
    return true;
}

static bool read_interface(struct options *options, const char *value, struct error *error)
{
    (void)error;
    options->interface = value;
    return true;
}

static bool read_source(struct options *options, const char *value, struct error *error)
{
    struct ip_address address;

    options->source = value;
    return ip_address_parse(value, &address) || error_set(error, "--source takes an IP address, not \"%s\"", value);
}

static bool read_agent(struct options *options, const char *value, struct error *error)
{
    options->agent = value;
    return value[0] != '\0' || error_set(error, "--agent takes HOST[:PORT], where tcprove-agent runs");
}

static bool read_service_id(struct options *options, const char *value, struct error *error)
{
    char         *end;
    unsigned long number = strtoul(value, &end, 0);

    if (value[0] < '0' || value[0] > '9' || *end != '\0' || number == 0 || number > UINT16_MAX)
        return error_set(error, "--service-id is a number from 1 to 0xFFFF, not \"%s\"", value);
    options->agent_service = (uint16_t)number;
    return true;
}

static bool read_output(struct options *options, const char *value, struct error *error)
{
    (void)error;
    options->output = value;
    return true;
}

static bool read_report(struct options *options, const char *value, struct error *error)
{
    size_t                      length = strcspn(value, ":");
    const struct report_format *format = report_format_find(value, length);

    if (format == NULL)
        return error_set(error, "--report is json, junit, tap or text, then a colon and a path, not \"%s\"", value);
    if (options->report_count == REPORTS_MAX)
        return error_set(error, "at most %d reports can be written", REPORTS_MAX);
    if (value[length] == ':' && value[length + 1] == '\0')
        return error_set(error, "--report %s needs a path after the colon; without a colon it goes to standard output", value);
    options->reports[options->report_count++] = (struct report_wish){ format, value[length] == ':' ? value + length + 1 : "-" };
    return true;
}

static bool read_pcap(struct options *options, const char *value, struct error *error)
{
    static const char *const names[] = { [PCAP_FAILED] = "failed", [PCAP_ALL] = "all", [PCAP_NONE] = "none" };

    for (int i = PCAP_FAILED; i <= PCAP_NONE; i++) {
        if (strcmp(value, names[i]) == 0) {
            options->pcap = (enum pcap_wish)i;
            return true;
        }
    }
    return error_set(error, "--pcap is failed, all or none, not \"%s\"", value);
}

static bool read_baseline(struct options *options, const char *value, struct error *error)
{
    (void)error;
    options->baseline = value;
    return true;
}

static bool read_reset(struct options *options, const char *value, struct error *error)
{
    options->reset = value;
    return value[strspn(value, " \t\n")] != '\0' || error_set(error, "--reset-cmd needs a command for /bin/sh");
}

static bool read_connect(struct options *options, const char *value, struct error *error)
{
    options->connect = value;
    return value[strspn(value, " \t\n")] != '\0' || error_set(error, "--connect-cmd needs a command for /bin/sh");
}

static bool read_excluded(struct options *options, const char *value, struct error *error)
{
    if (options->excluded_count == SELECTORS_MAX)
        return error_set(error, "at most %d selectors can be excluded", SELECTORS_MAX);
    options->excluded[options->excluded_count++] = value;
    return true;
}

static bool read_format(struct options *options, const char *value, struct error *error)
{
    if (strcmp(value, "tsv") != 0 && strcmp(value, "json") != 0 && strcmp(value, "text") != 0)
        return error_set(error, "--format is text, tsv or json, not \"%s\"", value);
    options->format = value;
    return true;
}

#define SWITCH(name)                                                                                                           \
    static bool read_##name(struct options *options, const char *value, struct error *error)                                   \
    {                                                                                                                          \
        (void)value;                                                                                                           \
        (void)error;                                                                                                           \
        options->name = true;                                                                                                  \
        return true;                                                                                                           \
    }
SWITCH(ipv6)
SWITCH(update_baseline)
SWITCH(disruptive)
SWITCH(strict)
SWITCH(load)
SWITCH(fail_fast)
SWITCH(verbose)
SWITCH(quiet)
SWITCH(help)
SWITCH(version)

static const struct option_word words[] = {
    { "-o", "DIR", "write results.json, junit.xml, results.tap, results.txt and pcap/ there", read_output },
    { "--report", "FORMAT[:PATH]", "write one of json, junit, tap, text; without a path, or -, to standard output",
      read_report },
    { "--pcap", "WHICH", "packets in DIR/pcap of failed (what did not pass; the default), all or none", read_pcap },
    { "--baseline", "FILE", "what is expected of this target; only what differs counts", read_baseline },
    { "--update-baseline", NULL, "write what this run finds into FILE", read_update_baseline },
    { "-j", "N", "cases at a time", read_jobs },
    { "-x", "SELECTOR", "leave these cases out", read_excluded },
    { "--ipv6", NULL, "speak IPv6", read_ipv6 },
    { "--profile", "NAME", "quick (cases that wait 3 s at most), standard (75 s, the default), full (30 min)", read_profile },
    { "--service", "NAME[=PORT]", "what answers at the target: echo, discard, chargen, daytime, http; once for each",
      read_service },
    { "--agent", "HOST[:PORT]", "tcprove-agent on the target, which makes every user call there (port 30700)", read_agent },
    { "--service-id", "ID", "the id that the agent's header has, where it is not 0x0105", read_service_id },
    { "--connect-cmd", "CMD",
      "a command for sh that makes the target connect to $TCPROVE_ADDRESS, $TCPROVE_PORT; it runs without privileges",
      read_connect },
    { "-i", "IF", "the interface that leads to HOST, where routes do not say it", read_interface },
    { "--source", "ADDRESS", "speak to HOST from this address: one of this host's, or one that nobody has", read_source },
    { "--load", NULL, "of doctor: how many connections at a time the target sustains", read_load },
    { "--retries", "N", "how often a case that could not be judged is played again (2)", read_retries },
    { "--disruptive", NULL, "play also on a host what can crash it", read_disruptive },
    { "--reset-cmd", "CMD", "a command for sh that brings a dead target back; it runs without privileges", read_reset },
    { "--strict", NULL, "deviations and what could not be judged count for the exit status", read_strict },
    { "--fail-fast", NULL, "stop at the first violation", read_fail_fast },
    { "--seed", "N", "fixes payloads and sequence numbers, and in-process runs whole", read_seed },
    { "--time-scale", "X", "wait X times as long as usual; judge as always", read_time_scale },
    { "--format", "NAME", "of list: text, tsv or json", read_format },
    { "-v", NULL, "show every case with its ladder", read_verbose },
    { "-q", NULL, "show the summary only", read_quiet },
    { "-h", NULL, "this text", read_help },
    { "--help", NULL, "this text", read_help },
    { "--version", NULL, "which one this is", read_version },
};
enum { WORDS = sizeof words / sizeof *words };

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

static bool unknown(const char *what, const char *word, const char *nearest, struct error *error)
{
    if (nearest[0] != '\0')
        return error_set(error, "unknown %s \"%s\": did you mean %s?", what, word, nearest);
    return error_set(error, "unknown %s \"%s\": tcprove --help lists them", what, word);
}

static const struct option_word *find_word(const char *argument, const char **value)
{
    const char *equals = strchr(argument, '=');
    size_t      length = equals != NULL && argument[1] == '-' ? (size_t)(equals - argument) : strlen(argument);

    *value = equals != NULL && argument[1] == '-' ? equals + 1 : NULL;
    for (size_t i = 0; i < WORDS; i++)
        if (strlen(words[i].name) == length && strncmp(words[i].name, argument, length) == 0)
            return &words[i];
    /* -j4: a letter, and its value behind it. */
    for (size_t i = 0; i < WORDS && argument[1] != '-' && argument[1] != '\0' && argument[2] != '\0'; i++) {
        if (words[i].argument == NULL || strlen(words[i].name) != 2 || strncmp(words[i].name, argument, 2) != 0)
            continue;
        *value = argument + 2;
        return &words[i];
    }
    return NULL;
}

static const char *nearest_word(const char *argument)
{
    const char *nearest  = "";
    unsigned    distance = 4;
    char        name[40];

    snprintf(name, sizeof name, "%.*s", (int)strcspn(argument, "="), argument);
    for (size_t i = 0; i < WORDS; i++) {
        unsigned now = edit_distance(name, words[i].name);

        if (now < distance) {
            distance = now;
            nearest  = words[i].name;
        }
    }
    return nearest;
}

/* The others gather what they are given, or are switches. A second value would replace the first unsaid. */
static bool takes_one_value(const struct option_word *word)
{
    return word->argument != NULL && word->read != read_report && word->read != read_excluded && word->read != read_service;
}

static bool read_option(int argc, char **argv, int *at, bool given[WORDS], struct options *options, struct error *error)
{
    const char               *value;
    const struct option_word *word = find_word(argv[*at], &value);

    if (word == NULL)
        return unknown("option", argv[*at], nearest_word(argv[*at]), error);
    if (word->argument == NULL && value != NULL)
        return error_set(error, "%s takes no value", word->name);
    if (word->argument != NULL && value == NULL) {
        if (*at + 1 >= argc)
            return error_set(error, "%s needs a value: %s %s", word->name, word->name, word->argument);
        value = argv[++*at];
    }
    bool again = given[word - words];

    given[word - words] = true;
    if (again && takes_one_value(word))
        return error_set(error, "%s is given twice: leave one of them out", word->name);
    return word->read(options, value, error);
}

/* design: the first operand is the target unless it looks like a selector. */
static bool looks_like_selector(const char *operand)
{
    if (operand[0] == '@' || (strncmp(operand, "RFC", 3) == 0 && operand[3] >= '0' && operand[3] <= '9'))
        return true;
    return strchr(operand, '/') != NULL && strncmp(operand, "./", 2) != 0 && operand[0] != '/';
}

static bool read_operand(const char *operand, struct options *options, struct error *error)
{
    bool takes_target = strcmp(options->verb, "run") == 0 || strcmp(options->verb, "doctor") == 0;

    if (takes_target && options->target == NULL && options->selector_count == 0 && !looks_like_selector(operand)) {
        options->target = operand;
        return true;
    }
    if (options->selector_count == SELECTORS_MAX)
        return error_set(error, "at most %d selectors can be given", SELECTORS_MAX);
    options->selectors[options->selector_count++] = operand;
    return true;
}

static bool read_verb(const char *word, struct options *options, struct error *error)
{
    const char *nearest  = "";
    unsigned    distance = 4;

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        unsigned now = edit_distance(word, verbs[i]);

        if (now == 0) {
            options->verb = verbs[i];
            return true;
        }
        if (now < distance) {
            distance = now;
            nearest  = verbs[i];
        }
    }
    return unknown("verb", word, nearest, error);
}

/* What a verb would pass over would be taken to have done something. */
static bool verb_takes(const struct options *options, struct error *error)
{
    bool doctor = strcmp(options->verb, "doctor") == 0;

    if (options->load && strcmp(options->verb, "run") == 0)
        return error_set(error, "--load is of doctor, which finds out what -j may be: tcprove doctor %s --load",
                         options->target);
    if (doctor && options->selector_count > 0)
        return error_set(error, "doctor takes a target, and no \"%s\": what it examines is the same for every case",
                         options->selectors[0]);
    return true;
}

bool options_read(int argc, char **argv, struct options *options, struct error *error)
{
    bool only_operands = false, given[WORDS] = { false };

    *options = (struct options){ .format = "text", .profile = PROFILE_STANDARD, .retries = 2, .seed = 1, .time_scale = 1.0 };
    for (int i = 1; i < argc; i++) {
        if (!only_operands && strcmp(argv[i], "--") == 0) {
            only_operands = true;
            continue;
        }
        bool good;
        if (!only_operands && argv[i][0] == '-' && argv[i][1] != '\0')
            good = read_option(argc, argv, &i, given, options, error);
        else if (options->verb == NULL)
            good = read_verb(argv[i], options, error);
        else
            good = read_operand(argv[i], options, error);
        if (!good)
            return false;
    }
    if (options->help)
        options->verb = "help";
    if (options->version)
        options->verb = "version";
    if (options->verb == NULL)
        return error_set(error, "say what to do: tcprove run, or tcprove --help");
    if (options->target == NULL)
        options->target = "reference";
    if (options->update_baseline && options->baseline == NULL)
        return error_set(error, "--update-baseline needs the file that it writes: --baseline FILE");
    return verb_takes(options, error);
}

const char *profile_name(enum profile profile)
{
    static const char *const names[] = { "quick", "standard", "full" };

    return names[profile];
}

uint64_t profile_limit_ms(enum profile profile)
{
    static const uint64_t limits_ms[] = { 3000, 75000, 1800000 };

    return limits_ms[profile];
}

unsigned options_service_bits(const struct options *options)
{
    unsigned bits = 0;

    for (size_t i = 0; i < options->service_count; i++)
        bits |= 1u << options->services[i].kind;
    return bits;
}

struct help_line {
    const char *left, *what;
};

static void print_help_line(const char *left, const char *what)
{
    enum { COLUMN = 25 };
    char further[COLUMN + 1];

    snprintf(further, sizeof further, "%*s", COLUMN, "");
    if (strlen(left) + 3 > COLUMN)
        printf("  %s\n%s", left, further);
    else
        printf("  %-*s ", COLUMN - 3, left);
    report_wrapped(stdout, COLUMN, further, what);
}

static const struct help_line verb_lines[] = {
    { "run [TARGET] [SELECTOR ...]", "play cases and judge" },
    { "list [SELECTOR ...]", "the cases there are" },
    { "explain CASE", "its ladder, and the clauses it judges" },
    { "compare OLD NEW", "what was fixed, broken, is new or gone between two results.json" },
    { "lint", "check every case table for faults" },
    { "doctor [TARGET]", "is all as it must be to judge TARGET, and if not, what mends it" },
    { "replay FILE [TARGET]", "what a fuzz input does; replay --help" },
    { "seeds FOLDER [LADDER ...]", "cases and ladders as fuzz inputs" },
    { "version", "which one this is" },
};

static const struct help_line operand_lines[] = {
    { "TARGET", "reference (default): the built-in TCP, in virtual time, no privileges" },
    { "", "linux: this machine's kernel in a private network namespace" },
    { "", "HOST[:PORT], [V6]:PORT: any host; needs CAP_NET_RAW" },
    { "", "TARGET+FAULT: the same with a deliberate fault in between" },
    { "SELECTOR", "a case, a group (fin/), a requirement or its beginning (RFC5961-3.2), a tag (@museum)" },
};

static void print_fault_names(void)
{
    char   names[1200];
    size_t used = 0;

    for (size_t i = 0; fault_at(i) != NULL && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "", fault_at(i)->name);
    print_help_line("FAULT", names);
}

void options_help(void)
{
    char left[40];

    printf("tcprove judges TCP implementations against the numbered requirements of\nRFC 9293 and its companions.\n\n");
    for (size_t i = 0; i < sizeof verb_lines / sizeof *verb_lines; i++)
        print_help_line(verb_lines[i].left, verb_lines[i].what);
    printf("\n");
    for (size_t i = 0; i < sizeof operand_lines / sizeof *operand_lines; i++)
        print_help_line(operand_lines[i].left, operand_lines[i].what);
    print_fault_names();
    printf("\n");
    for (size_t i = 0; i < WORDS; i++) {
        snprintf(left, sizeof left, "%s %s", words[i].name, words[i].argument != NULL ? words[i].argument : "");
        print_help_line(left, words[i].what);
    }
    printf("\nExit status: 0 as expected, 1 a violation, 2 usage, 3 target or environment\n"
           "cannot be used, 4 nothing selected, 5 an error of tcprove's own.\n");
}
