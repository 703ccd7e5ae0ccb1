#include "bench/call_trip.h"

#include <arpa/inet.h>
#include <errno.h>
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

static int loopback_socket(struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;
    int       fd     = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    *address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
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

bool call_trips_measure(struct call_trips *trips, struct error *error)
{
    struct ip_address  loopback = { .family = 4, .octets = { 127, 0, 0, 1 } };
    struct server_wish wish     = { .bind = loopback, .service = AGENT_SERVICE };
    struct sockaddr_in echo;
    bool               good   = allowed_read("127.0.0.0/8", &wish.allowed[wish.allowed_count++], error);
    struct server     *server = good ? server_open(&wish, error) : NULL;
    int                back = loopback_socket(&echo), bare = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (server == NULL)
        return false;
    pid_t          agent = start(server, -1), reflector = start(server, back);
    struct remote *remote = remote_open(&loopback, server_port(server), AGENT_SERVICE, 4, PATIENCE_MS, error);

    good = remote != NULL;
    if (good && (back < 0 || bare < 0 || connect(bare, (struct sockaddr *)&echo, sizeof echo) != 0))
        good = error_set(error, "no datagram socket on loopback: %s", strerror(errno));
    good = good && measure(bare, remote, trips, error);
    remote_close(remote);
    end(agent);
    end(reflector);
    server_close(server);
    close(back);
    close(bare);
    return good;
}
