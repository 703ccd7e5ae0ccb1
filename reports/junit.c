/* junit.c: JUnit's XML, through libxml2's writer. Its readers know failures, errors and skips: what is unexpected is a failure,
 * what was expected and is no pass is a skip with its reason. */
#include <libxml/xmlwriter.h>
#include <stdio.h>
#include <string.h>

#include "results.h"

#define XML(text) ((const xmlChar *)(text))

/* XML has no way to write most control characters, and text from a target may be anything. */
static void plain(const char *text, char *out, size_t room)
{
    size_t used = 0;

    for (; *text != '\0' && used + 1 < room; text++)
        out[used++] = *text >= ' ' && *text < 127 ? *text : '?';
    out[used] = '\0';
}

static void attribute(xmlTextWriter *writer, const char *name, const char *text)
{
    char safe[1200];

    plain(text, safe, sizeof safe);
    xmlTextWriterWriteAttribute(writer, XML(name), XML(safe));
}

static void attribute_seconds(xmlTextWriter *writer, uint64_t ms)
{
    xmlTextWriterWriteFormatAttribute(writer, XML("time"), "%.3f", (double)ms / 1000);
}

static void line(xmlTextWriter *writer, const char *label, const char *text)
{
    char safe[1200];

    plain(text, safe, sizeof safe);
    if (safe[0] != '\0')
        xmlTextWriterWriteFormatString(writer, "%s%s\n", label, safe);
}

static void write_finding(xmlTextWriter *writer, const char *element, const struct result *result)
{
    const char *kind = result->violation ? "violation" : result->deviation ? "deviation" : verdict_name(result->verdict);

    xmlTextWriterStartElement(writer, XML(element));
    attribute(writer, "message", result->reason);
    attribute(writer, "type", kind);
    line(writer, "charged   ", result->charged);
    line(writer, "          ", result->charged_text);
    line(writer, "expected  ", result->expected);
    line(writer, "actual    ", result->actual);
    for (size_t i = 0; i < result->transcript_lines; i++)
        line(writer, "| ", result->transcript[i]);
    xmlTextWriterEndElement(writer);
}

static void write_skip(xmlTextWriter *writer, const struct result *result)
{
    char message[900];

    snprintf(message, sizeof message, "%s: %s", verdict_name(result->verdict),
             result->known[0] != '\0' ? result->known : result->reason);
    xmlTextWriterStartElement(writer, XML("skipped"));
    attribute(writer, "message", message);
    xmlTextWriterEndElement(writer);
}

static void write_case(xmlTextWriter *writer, const struct result *result)
{
    char class[64];

    snprintf(class, sizeof class, "tcprove.%s", result->group);
    xmlTextWriterStartElement(writer, XML("testcase"));
    attribute(writer, "classname", class);
    attribute(writer, "name", result->id);
    attribute_seconds(writer, result->duration_ms);
    if (result->verdict == VERDICT_ERROR)
        write_finding(writer, "error", result);
    else if (result->unexpected)
        write_finding(writer, "failure", result);
    else if (result->verdict != VERDICT_PASS)
        write_skip(writer, result);
    xmlTextWriterEndElement(writer);
}

struct tally {
    unsigned tests, failures, errors, skipped;
    uint64_t ms;
};

static struct tally tally_of(const struct results *results, size_t from, size_t to)
{
    struct tally tally = { 0 };

    for (size_t i = from; i < to; i++) {
        const struct result *result = &results->at[i];

        tally.tests++;
        tally.ms += result->duration_ms;
        if (result->verdict == VERDICT_ERROR)
            tally.errors++;
        else if (result->unexpected)
            tally.failures++;
        else if (result->verdict != VERDICT_PASS)
            tally.skipped++;
    }
    return tally;
}

static void write_tally(xmlTextWriter *writer, const char *name, struct tally tally)
{
    attribute(writer, "name", name);
    xmlTextWriterWriteFormatAttribute(writer, XML("tests"), "%u", tally.tests);
    xmlTextWriterWriteFormatAttribute(writer, XML("failures"), "%u", tally.failures);
    xmlTextWriterWriteFormatAttribute(writer, XML("errors"), "%u", tally.errors);
    xmlTextWriterWriteFormatAttribute(writer, XML("skipped"), "%u", tally.skipped);
    attribute_seconds(writer, tally.ms);
}

static void write_path(xmlTextWriter *writer, const struct results *results)
{
    char path[300];

    path_sentence(results, path, sizeof path);
    if (path[0] == '\0')
        return;
    xmlTextWriterStartElement(writer, XML("properties"));
    xmlTextWriterStartElement(writer, XML("property"));
    attribute(writer, "name", "path");
    attribute(writer, "value", path);
    xmlTextWriterEndElement(writer);
    xmlTextWriterEndElement(writer);
}

/* Cases of a group stand together in the results. */
static size_t write_suite(xmlTextWriter *writer, const struct results *results, size_t from)
{
    size_t to = from;

    while (to < results->count && strcmp(results->at[to].group, results->at[from].group) == 0)
        to++;
    xmlTextWriterStartElement(writer, XML("testsuite"));
    write_tally(writer, results->at[from].group, tally_of(results, from, to));
    attribute(writer, "timestamp", results->started);
    attribute(writer, "hostname", results->target_spec);
    write_path(writer, results);
    for (size_t i = from; i < to; i++)
        write_case(writer, &results->at[i]);
    xmlTextWriterEndElement(writer);
    return to;
}

static bool write_junit(FILE *file, const struct results *results)
{
    xmlBuffer     *buffer = xmlBufferCreate();
    xmlTextWriter *writer = buffer != NULL ? xmlNewTextWriterMemory(buffer, 0) : NULL;

    if (writer == NULL) {
        xmlBufferFree(buffer);
        return false;
    }
    xmlTextWriterSetIndent(writer, 1);
    xmlTextWriterStartDocument(writer, NULL, "UTF-8", NULL);
    xmlTextWriterStartElement(writer, XML("testsuites"));
    write_tally(writer, "tcprove", tally_of(results, 0, results->count));
    for (size_t i = 0; i < results->count;)
        i = write_suite(writer, results, i);
    bool made = xmlTextWriterEndDocument(writer) >= 0;

    xmlFreeTextWriter(writer);
    made = made && fputs((const char *)xmlBufferContent(buffer), file) != EOF;
    xmlBufferFree(buffer);
    return made;
}

bool report_junit(const struct results *results, const char *path, struct error *error)
{
    return report_file(path, write_junit, results, error);
}
