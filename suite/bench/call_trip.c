#include "bench/call_trip.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/remote.h"
#include "agent/server.h"
#include "lab/link.h"
#include "lab/namespace.h"

enum { TRIPS = 4000, PATIENCE_MS = 2000, OCTETS = 64 };

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int less(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static double median(double *samples)
{
    qsort(samples, TRIPS, sizeof *samples, less);
    return samples[TRIPS / 2];
}

/* ---- the other side --------------------------------------------------------------------------------------------------------
 */

/* A child that ends with this process. `socket`: it sends back what comes there; else it is the agent. */
static pid_t start(struct server *server, int socket)
{
    int   never[2];
    pid_t parent = getpid(), child = pipe(never) == 0 ? fork() : -1;

    if (child != 0) {
        if (child > 0) {
            close(never[0]);
            close(never[1]);
        }
        return child;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    if (socket < 0)
        _exit(server_run(server, never[0]));
    for (;;) {
        uint8_t            octets[OCTETS];
        struct sockaddr_in from;
        socklen_t          length = sizeof from;
        ssize_t            count  = recvfrom(socket, octets, sizeof octets, 0, (struct sockaddr *)&from, &length);

        if (count > 0)
            sendto(socket, octets, (size_t)count, 0, (struct sockaddr *)&from, length);
    }
}

static void end(pid_t child)
{
    if (child <= 0)
        return;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* ---- measuring -------------------------------------------------------------------------------------------------------------
 */

static int datagram_socket(const struct ip_address *at, struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;
    int       fd     = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    *address = (struct sockaddr_in){ .sin_family = AF_INET };
    memcpy(&address->sin_addr, at->octets, sizeof address->sin_addr);
    if (fd < 0 || bind(fd, (struct sockaddr *)address, length) != 0 ||
        getsockname(fd, (struct sockaddr *)address, &length) != 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

static bool bare_trip(int fd, double *us)
{
    uint8_t octets[OCTETS] = { 0 };
    double  began          = now_us();
    bool    good           = send(fd, octets, sizeof octets, 0) == sizeof octets && recv(fd, octets, sizeof octets, 0) > 0;

    *us = now_us() - began;
    return good;
}

static bool call_trip(struct remote *remote, uint16_t handle, struct call_reply *reply, double *us)
{
    struct call_request *request = calloc(1, sizeof *request);

    if (request == NULL)
        return false;
    request->kind   = CALL_SAW;
    request->handle = handle;
    double began    = now_us();

    remote_call(remote, request, reply);
    *us = now_us() - began;
    free(request);
    return reply->result == CALL_OK;
}

/* One after the other, so that both meet the same machine. */
static bool measure(int bare, struct remote *remote, struct call_trips *trips, struct error *error)
{
    static double        bare_us[TRIPS], call_us[TRIPS];
    struct call_reply   *reply = calloc(1, sizeof *reply);
    struct call_request *open  = calloc(1, sizeof *open);
    bool                 good  = reply != NULL && open != NULL;

    if (good) {
        open->kind    = CALL_PASSIVE_OPEN;
        open->address = (struct ip_address){ .family = 4 };
        remote_call(remote, open, reply);
        good = reply->result == CALL_OK;
    }
    uint16_t listener = good ? reply->handle : 0;

    for (unsigned i = 0; good && i < TRIPS; i++)
        good = bare_trip(bare, &bare_us[i]) && call_trip(remote, listener, reply, &call_us[i]);
    if (good)
        *trips = (struct call_trips){ median(bare_us), median(call_us), TRIPS };
    free(reply);
    free(open);
    return good || error_set(error, "a call or a datagram did not come back");
}

/* ---- the link --------------------------------------------------------------------------------------------------------------
 */

static const struct ip_address tester_address = { .family = 4, .octets = { 192, 0, 2, 1 } };
static const struct ip_address target_address = { .family = 4, .octets = { 192, 0, 2, 2 } };

static bool set_up_end(const char *name, const struct ip_address *address, struct error *error)
{
    int  socket = link_socket(error);
    bool good   = socket >= 0 && link_up(socket, name, error) && link_add_address(socket, name, address, 24, error);

    if (socket >= 0)
        close(socket);
    return good;
}

/* Two network namespaces with a pair of interfaces between; this process is in the target's afterwards, *tester is the other.
 */
static bool make_link(int *tester, struct error *error)
{
    const uint8_t near_mac[6] = { 0x02, 0, 0x5e, 0x30, 0, 1 }, far_mac[6] = { 0x02, 0, 0x5e, 0x30, 0, 2 };

    if (!namespace_new(error) || (*tester = namespace_here(error)) < 0 || !namespace_new(error))
        return false;
    int  target = namespace_here(error);
    bool good   = target >= 0 && namespace_go(*tester, error);
    int  socket = good ? link_socket(error) : -1;

    good = socket >= 0 && link_make_pair(socket, "eth0", near_mac, "eth0", far_mac, target, error) &&
           set_up_end("eth0", &tester_address, error) && namespace_go(target, error) &&
           set_up_end("eth0", &target_address, error);
    if (socket >= 0)
        close(socket);
    if (target >= 0)
        close(target);
    return good;
}

static bool measure_over(int tester, struct call_trips *trips, struct error *error)
{
    struct server_wish wish = { .bind = target_address, .service = AGENT_SERVICE };
    struct sockaddr_in echo;
    bool               good   = allowed_read("192.0.2.1", &wish.allowed[wish.allowed_count++], error);
    struct server     *server = good ? server_open(&wish, error) : NULL;
    int                back   = datagram_socket(&target_address, &echo);

    if (server == NULL)
        return false;
    pid_t          agent = start(server, -1), reflector = start(server, back);
    struct remote *remote = NULL;

    good     = namespace_go(tester, error);
    int bare = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (good)
        remote = remote_open(&target_address, server_port(server), AGENT_SERVICE, 4, PATIENCE_MS, error);
    good = remote != NULL;
    if (good && (back < 0 || bare < 0 || connect(bare, (struct sockaddr *)&echo, sizeof echo) != 0))
        good = error_set(error, "no datagram socket: %s", strerror(errno));
    good = good && measure(bare, remote, trips, error);
    remote_close(remote);
    end(agent);
    end(reflector);
    server_close(server);
    close(back);
    close(bare);
    return good;
}

/* What the child that goes into the namespaces sends home. */
struct outcome {
    bool              good;
    struct call_trips trips;
    struct error      error;
};

bool call_trips_measure(struct call_trips *trips, struct error *error)
{
    static struct outcome outcome;
    int                   ends[2], tester = -1;
    pid_t                 child = pipe(ends) == 0 ? fork() : -1;

    if (child < 0)
        return error_set(error, "no process for the link: %s", strerror(errno));
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        outcome.good = make_link(&tester, &outcome.error) && measure_over(tester, &outcome.trips, &outcome.error);
        _exit(write(ends[1], &outcome, sizeof outcome) != (ssize_t)sizeof outcome);
    }
    close(ends[1]);
    bool came = read(ends[0], &outcome, sizeof outcome) == (ssize_t)sizeof outcome;

    close(ends[0]);
    waitpid(child, NULL, 0);
    if (!came)
        return error_set(error, "the process of the link died");
    *trips = outcome.trips;
    return outcome.good || error_set(error, "%s", outcome.error.sentence);
}
