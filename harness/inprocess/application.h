/* application.h: the application beside the reference TCP: carries out the user calls of calls.h on it, as the agent does with
 * sockets. It knows the TCP's user interface, and neither packets nor time. */
#ifndef TCPROVE_INPROCESS_APPLICATION_H
#define TCPROVE_INPROCESS_APPLICATION_H

#include "calls.h"
#include "reference/tcp.h"

struct application;

/* An application of the host at `address`. Its TCP is given afterwards, for the TCP's host must know the application. NULL
 * without memory. */
struct application *application_new(const struct ip_address *address);
void                application_use(struct application *application, struct tcp *tcp);
void                application_free(struct application *application);

/* The TCP's signal. Only notes it. */
void application_note(struct application *application, tcp_name connection, enum tcp_signal signal);
/* Does what the signals since have made possible: reads, serves, sends, closes. After every event of the TCP. */
void application_work(struct application *application);

/* Carries out one call; always fills in *reply. */
void application_call(struct application *application, const struct call_request *request, struct call_reply *reply);

#endif
