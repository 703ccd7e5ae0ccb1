#include "notation_ladder.h"

#include <string.h>

#include "notation_fields.h"

enum { LINE_ROOM = 2048 };

static void head_print(struct text_out *out, const struct ladder_rung *rung, const struct step *step)
{
    text_add(out, "%s", rung->name);
    if (rung->fields == NULL)
        return;
    text_add(out, " (");
    field_print(out, ladder_field_of(rung, rung->first), step);
    for (const struct ladder_field *field = rung->fields; field->name != NULL; field++) {
        if (strcmp(field->name, rung->first) == 0 || field_left_out(field, step))
            continue;
        text_add(out, ", .%s = ", field->name);
        field_print(out, field, step);
    }
    text_add(out, ")");
}

void notation_rung(const struct step *step, char *text, size_t room)
{
    struct text_out           out  = { text, room, 0 };
    const struct ladder_rung *rung = ladder_rung_of(step->rung);

    if (room > 0)
        text[0] = '\0';
    if (rung != NULL)
        head_print(&out, rung, step);
    else
        text_add(&out, "no rung");
}

static void walk(const struct step *steps, unsigned depth, notation_line *line, void *context);

static void walk_ways(const struct step *step, unsigned depth, notation_line *line, void *context)
{
    for (const struct way_out *way = step->ways; way != NULL && way->clause != NULL; way++) {
        char              text[LINE_ROOM];
        struct text_out   out  = { text, sizeof text, 0 };
        const struct step head = { .clause = way->clause };

        head_print(&out, way->deviates == YES ? &way_deviates : &way_by, &head);
        line(context, depth, step, text);
        walk(way->rungs, depth + 1, line, context);
    }
}

static void walk(const struct step *steps, unsigned depth, notation_line *line, void *context)
{
    for (; steps != NULL && steps->rung != RUNG_END; steps++) {
        char text[LINE_ROOM];

        notation_rung(steps, text, sizeof text);
        line(context, depth, steps, text);
        if (steps->rung == RUNG_ONE_OF)
            walk_ways(steps, depth + 1, line, context);
        else
            walk(steps->rungs, depth + 1, line, context);
    }
}

void notation_ladder(const struct step *steps, notation_line *line, void *context)
{
    walk(steps, 0, line, context);
}

static void add_line(void *context, unsigned depth, const struct step *step, const char *text)
{
    (void)step;
    text_add(context, "%*s%s\n", (int)(2 * depth), "", text);
}

size_t notation_ladder_print(const struct step *steps, char *text, size_t room)
{
    struct text_out out = { text, room, 0 };

    if (room > 0)
        text[0] = '\0';
    notation_ladder(steps, add_line, &out);
    return out.used;
}
