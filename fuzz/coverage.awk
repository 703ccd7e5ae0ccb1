# Draws what the corpus reaches as a page: coverage.sh gives the table of pairs, the table of those that cannot be, and the sources
# as gcov annotates them.
#     awk -f fuzz/coverage.awk fuzz/unreachable.tsv pairs.tsv lines.txt >index.html
# lines.txt: "FILE name", then "count<TAB>number<TAB>text", count "-" for no code and "0" for what is not reached.
function escape(text) { gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text); return text }

function square(x, y, kind, title) {
    return sprintf("<rect x=\"%d\" y=\"%d\" width=\"8\" height=\"8\" class=\"%s\"><title>%s</title></rect>\n", x, y, kind, escape(title))
}

# Where an event stands in the square of its state: a row for the control bits, columns for SEQ and ACK; the others below.
function place(event,    part) {
    if (event in x_of) return
    if (split(event, part, ", (SEQ|ACK) ") == 3) {
        if (!(part[1] in row_of)) { row_of[part[1]] = rows_of_bits; bits_at[rows_of_bits++] = part[1] }
        if (!(part[2] in seq_of)) seq_of[part[2]] = seqs++
        if (!(part[3] in ack_of)) ack_of[part[3]] = acks++
        x_of[event] = seq_of[part[2]] * 50 + ack_of[part[3]] * 9
        y_of[event] = row_of[part[1]] * 9
    } else {
        x_of[event] = others++ * 9
        y_of[event] = 76
    }
}

BEGIN { FS = "\t" }
FNR == 1 { file++ }

file == 1 && NF == 3 && !/^#/ {
    rows++
    state_of[rows] = "^" $1 "$"; event_pattern[rows] = "^" $2 "$"; why[rows] = $3
}

file == 2 && NF == 3 {
    if (!($1 in order)) { order[$1] = state_count; states[state_count++] = $1 }
    place($2)
    kind = $3 > 0 ? "met" : "never"; title = $1 " meets " $2 ": " ($3 > 0 ? $3 " inputs" : "never")
    for (i = 1; i <= rows && kind == "never"; i++)
        if ($1 ~ state_of[i] && $2 ~ event_pattern[i]) { kind = "cannot"; title = $1 " meets " $2 ": " why[i] }
    count[kind]++
    at = order[$1]
    drawn = drawn square(110 + (at % 3) * 230 + x_of[$2], 30 + int(at / 3) * 120 + y_of[$2], kind, title)
}

file == 3 && /^FILE / { name = substr($0, 6); names[++files] = name; next }
file == 3 {
    text = $0
    sub(/^[^\t]*\t[^\t]*\t/, "", text)
    kind = $1 == "-" ? "" : $1 + 0 > 0 ? "met" : "never"
    if (kind != "") lines[name]++
    if (kind == "met") met[name]++
    source[name] = source[name] sprintf("<span class=\"n\">%5d %7s</span> <span class=\"%s\">%s</span>\n", $2, $1 == "-" ? "" : $1, kind, escape(text))
}

END {
    print "<!doctype html><meta charset=\"utf-8\"><title>What the corpus reaches</title>"
    print "<style>body{font:14px sans-serif;margin:2em;max-width:60em}pre{font:12px monospace}rect.met{fill:#2a7}rect.never{fill:#d33}"
    print "rect.cannot{fill:#ddd}pre .never{background:#fcc}pre .met{background:#efe}.n{color:#999}td{padding:0 1em 0 0}</style>"
    print "<h1>What the corpus reaches of the built-in TCP</h1><h2>Pairs of a state and an event</h2>"
    printf "<p>%d reached, %d never, %d that cannot be (fuzz/unreachable.tsv). ", count["met"], count["never"], count["cannot"]
    print "A row for the control bits, four groups for SEQ exact, old, inside and beyond the window, in each ACK absent, old, same, new, beyond;"
    print "below them user calls, ICMP messages and timeouts. Each square has its name.</p>"
    height = 30 + int((state_count + 2) / 3) * 120
    printf "<svg width=\"800\" height=\"%d\" font-family=\"sans-serif\" font-size=\"9\">\n", height
    for (i = 0; i < state_count; i++) {
        printf "<text x=\"%d\" y=\"%d\" font-size=\"12\">%s</text>\n", 110 + (i % 3) * 230, 24 + int(i / 3) * 120, states[i]
        for (k = 0; i % 3 == 0 && k < rows_of_bits; k++)
            printf "<text x=\"104\" y=\"%d\" text-anchor=\"end\">%s</text>\n", 38 + int(i / 3) * 120 + k * 9, bits_at[k]
        if (i % 3 == 0)
            printf "<text x=\"104\" y=\"%d\" text-anchor=\"end\">calls, ICMP, timeouts</text>\n", 38 + int(i / 3) * 120 + 76
    }
    print drawn "</svg><h2>Lines</h2><table>"
    for (i = 1; i <= files; i++) {
        n = names[i]
        printf "<tr><td><a href=\"#%s\">%s</a><td align=\"right\">%d of %d<td><svg width=\"200\" height=\"8\"><rect class=\"cannot\" width=\"200\" height=\"8\"/><rect class=\"met\" width=\"%d\" height=\"8\"/></svg>\n",
            n, n, met[n], lines[n], lines[n] ? 200 * met[n] / lines[n] : 0
    }
    print "</table>"
    for (i = 1; i <= files; i++) printf "<h3 id=\"%s\">%s</h3><pre>%s</pre>\n", names[i], names[i], source[names[i]]
}
