/* output.h: where results go: the folder of -o with its files, and what --report names. It looks before the run whether they
 * can be written, and overwrites nothing. It knows paths; what stands in the files is the reports' matter. */
#ifndef TCPROVE_OUTPUT_H
#define TCPROVE_OUTPUT_H

#include "options.h"
#include "results.h"

struct output {
    int pcap_folder; /* descriptor of the folder for packets, or -1 */
};

/* Makes the folder of -o and finds out whether all can be written. false with a sentence where not: exit status 3. */
bool output_open(const struct options *options, struct output *output, struct error *error);

/* Writes every file. What could not be written is told on standard error, and false is returned. */
bool output_write(const struct options *options, const struct results *results);

void output_close(struct output *output);

#endif
