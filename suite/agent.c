/* agent.c: the program tcprove-agent: the command line of the agent that makes user calls on a target host for a tester. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/protocol.h"
#include "agent/server.h"
#include "status.h"

static enum status complain_of(enum status status, const char *sentence)
{
    fprintf(stderr, "tcprove-agent: %s\n", sentence);
    return status;
}

static void print_help(void)
{
    printf("tcprove-agent makes user calls of TCP on this host for a tester: tcprove run\n"
           "HOST --agent HOST:PORT. It speaks the testability protocol on UDP.\n\n"
           "  --bind ADDRESS[:PORT]  where it listens: 127.0.0.1, port %d, unless told;\n"
           "                         [V6]:PORT for IPv6\n"
           "  --allow ADDRESS[/BITS] who may speak to it, besides this host on a loopback\n"
           "                         address; once for each\n"
           "  --serve NAME[=PORT]    give a service as well: echo, discard, chargen, daytime,\n"
           "                         http; once for each\n"
           "  --service-id N         of the protocol's header (0x%04X)\n"
           "  -h, --help             this text\n"
           "  --version              which one this is\n\n"
           "It needs no privilege and refuses to run with one that its file gave it.\n"
           "SIGINT and SIGTERM end it, and every connection that it made.\n",
           AGENT_PORT, AGENT_SERVICE);
}

/* This host on its loopback addresses is always allowed. */
enum { OWN_HOST = 2 };

/* ---- the command line -----------------------------------------------------------------------------------------------------
 */

static bool read_number(const char *text, unsigned long most, uint16_t *number)
{
    char         *end;
    unsigned long value = strtoul(text, &end, 0);

    if (end == text || *end != '\0' || text[0] == '-' || value > most)
        return false;
    *number = (uint16_t)value;
    return true;
}

/* ADDRESS, ADDRESS:PORT, V6, [V6]:PORT. */
static bool read_bind(const char *text, struct server_wish *wish, struct error *error)
{
    char        address[64];
    const char *port = NULL;

    if (wish->bind.family != 0)
        return error_set(error, "--bind is given twice: start another agent for another address");
    snprintf(address, sizeof address, "%s", text[0] == '[' ? text + 1 : text);
    char *end = text[0] == '[' ? strchr(address, ']') : strchr(address, ':');

    if (end != NULL && text[0] != '[' && strchr(end + 1, ':') != NULL)
        end = NULL; /* a V6 address without a port */
    if (end != NULL) {
        port = *end == ']' ? (end[1] == ':' ? end + 2 : NULL) : end + 1;
        if (*end == ']' && end[1] != '\0' && end[1] != ':')
            return error_set(error, "--bind takes ADDRESS[:PORT] or [V6]:PORT, not \"%s\"", text);
        *end = '\0';
    }
    if (!ip_address_parse(address, &wish->bind))
        return error_set(error, "--bind takes an address of this host, not \"%s\"", text);
    if (port != NULL && !read_number(port, UINT16_MAX, &wish->port))
        return error_set(error, "--bind %s: a port is a number up to 65535", text);
    return true;
}

static bool read_allow(const char *text, struct server_wish *wish, struct error *error)
{
    if (wish->allowed_count == ALLOWED_MOST)
        return error_set(error, "--allow can be given %d times at most", ALLOWED_MOST - OWN_HOST);
    struct allowed *allowed = &wish->allowed[wish->allowed_count];

    if (!allowed_read(text, allowed, error))
        return false;
    for (size_t i = 0; i < wish->allowed_count; i++)
        if (wish->allowed[i].bits == allowed->bits && ip_address_equal(&wish->allowed[i].address, &allowed->address))
            return true;
    wish->allowed_count++;
    return true;
}

static bool read_serve(const char *text, struct server_wish *wish, struct error *error)
{
    size_t   length = strcspn(text, "=");
    uint16_t port   = 0;

    if (text[length] == '=' && (!read_number(text + length + 1, UINT16_MAX, &port) || port == 0))
        return error_set(error, "--serve %s: a port is a number from 1 to 65535", text);
    for (int kind = SERVICE_ECHO; kind < SERVICE_UNKNOWN && wish->served_count < SERVICES; kind++) {
        const char *name = service_name((enum service)kind);

        if (strlen(name) != length || strncmp(name, text, length) != 0)
            continue;
        wish->served[wish->served_count].kind   = (enum service)kind;
        wish->served[wish->served_count++].port = port != 0 ? port : service_port((enum service)kind);
        return true;
    }
    return error_set(error, "--serve takes echo, discard, chargen, daytime or http, not \"%s\"", text);
}

/* On a loopback it is this host; elsewhere somebody of that family has to be named. */
static bool somebody_is_served(const struct server_wish *wish)
{
    for (size_t i = 0; i < OWN_HOST; i++)
        if (allowed_covers(&wish->allowed[i], &wish->bind))
            return true;
    for (size_t i = OWN_HOST; i < wish->allowed_count; i++)
        if (wish->allowed[i].address.family == wish->bind.family)
            return true;
    return false;
}

enum { OPTION_BIND = 1, OPTION_ALLOW, OPTION_SERVE, OPTION_SERVICE_ID, OPTION_VERSION };

static bool read_service_id(const char *value, bool again, struct server_wish *wish, struct error *error)
{
    if (again)
        return error_set(error, "--service-id is given twice: leave one of them out");
    return read_number(value, UINT16_MAX, &wish->service) ||
           error_set(error, "--service-id is a number up to 0xFFFF, not \"%s\"", value);
}

static bool read_option(int option, const char *value, bool again, struct server_wish *wish, struct error *error)
{
    switch (option) {
    case OPTION_BIND:
        return read_bind(value, wish, error);
    case OPTION_ALLOW:
        return read_allow(value, wish, error);
    case OPTION_SERVE:
        return read_serve(value, wish, error);
    case OPTION_SERVICE_ID:
        return read_service_id(value, again, wish, error);
    default:
        return error_set(error, "tcprove-agent --help lists the options");
    }
}

/* Whether the program goes on; *status says with what it ends otherwise. */
static bool read_command_line(int argc, char **argv, struct server_wish *wish, enum status *status)
{
    static const struct option words[] = { { "bind", required_argument, NULL, OPTION_BIND },
                                           { "allow", required_argument, NULL, OPTION_ALLOW },
                                           { "serve", required_argument, NULL, OPTION_SERVE },
                                           { "service-id", required_argument, NULL, OPTION_SERVICE_ID },
                                           { "help", no_argument, NULL, 'h' },
                                           { "version", no_argument, NULL, OPTION_VERSION },
                                           { NULL, 0, NULL, 0 } };
    struct error               error;
    int                        option;
    bool                       id_given = false;

    while ((option = getopt_long(argc, argv, "h", words, NULL)) != -1) {
        *status = STATUS_GOOD;
        if (option == 'h') {
            print_help();
            return false;
        }
        if (option == OPTION_VERSION) {
            printf("tcprove-agent %s\n", TCPROVE_VERSION);
            return false;
        }
        *status = STATUS_USAGE;
        if (!read_option(option, optarg, id_given, wish, &error)) {
            complain_of(STATUS_USAGE, error.sentence);
            return false;
        }
        id_given = id_given || option == OPTION_SERVICE_ID;
    }
    *status = STATUS_USAGE;
    if (optind == argc)
        return true;
    error_set(&error, "\"%s\" is no option: tcprove-agent --help lists them", argv[optind]);
    complain_of(STATUS_USAGE, error.sentence);
    return false;
}

/* ---- the program ----------------------------------------------------------------------------------------------------------
 */

static void say_who_is_refused(const struct ip_address *address)
{
    char text[46];

    ip_address_print(address, text);
    fprintf(stderr, "tcprove-agent: %s is not allowed to speak to this agent and gets no answer: --allow %s would\n", text,
            text);
}

static void warn_of_everybody(const struct server_wish *wish)
{
    for (size_t i = 0; i < wish->allowed_count; i++)
        if (wish->allowed[i].bits == 0)
            fprintf(stderr,
                    "tcprove-agent: --allow ADDRESS/0 lets every host that reaches it make TCP connections of this one\n");
}

static void say_what_is_exposed(const struct server *server, const struct server_wish *wish)
{
    char address[46];

    ip_address_print(&wish->bind, address);
    printf("tcprove-agent: UDP port %u of %s makes TCP connections of this host for", server_port(server), address);
    for (size_t i = 0; i < wish->allowed_count; i++) {
        ip_address_print(&wish->allowed[i].address, address);
        printf("%s %s/%u", i > 0 ? "," : "", address, wish->allowed[i].bits);
    }
    printf("\n");
    for (size_t i = 0; i < wish->served_count; i++)
        printf("tcprove-agent: TCP port %u is %s for everybody\n", wish->served[i].port, service_name(wish->served[i].kind));
    if (!somebody_is_served(wish))
        printf("tcprove-agent: no tester is served on that address: --allow ADDRESS names one\n");
    fflush(stdout);
}

static int stop_descriptor(void)
{
    sigset_t signals;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
    struct server_wish wish = {
        .port = AGENT_PORT, .service = AGENT_SERVICE, .allowed_count = OWN_HOST, .refused = say_who_is_refused
    };
    enum status  status = STATUS_USAGE;
    struct error error;

    if (getauxval(AT_SECURE) != 0)
        return (int)complain_of(STATUS_UNUSABLE, "it has a privilege from its file (set-uid, set-gid or capabilities), which"
                                                 " it does not need: take that away with chmod u-s,g-s or setcap -r");
    allowed_read("127.0.0.0/8", &wish.allowed[0], &error);
    allowed_read("::1", &wish.allowed[1], &error);
    if (!read_command_line(argc, argv, &wish, &status))
        return (int)status;
    if (wish.bind.family == 0)
        ip_address_parse("127.0.0.1", &wish.bind);
    int            stop   = stop_descriptor();
    struct server *server = server_open(&wish, &error);

    if (server == NULL)
        return (int)complain_of(STATUS_UNUSABLE, error.sentence);
    say_what_is_exposed(server, &wish);
    warn_of_everybody(&wish);
    int why = server_run(server, stop);

    server_close(server);
    return why == 0 ? STATUS_GOOD : (int)complain_of(STATUS_ERROR, strerror(why));
}
