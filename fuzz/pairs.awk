# Holds what `tcprove replay --pairs` says against fuzz/unreachable.tsv and prints it for a reader:
#     tcprove replay --pairs FOLDER | awk -f fuzz/pairs.awk fuzz/unreachable.tsv -
# Status 1 where a pair is reached that the table says cannot be, one is not and has no row, or a row speaks of none.
BEGIN { FS = "\t" }

FNR == 1 { file++ }
/^#/ || NF != 3 { next }

file == 1 {
    rows++
    state_of[rows] = "^" $1 "$"; event_of[rows] = "^" $2 "$"; why[rows] = $3
    next
}

{
    row = 0
    for (i = 1; i <= rows && !row; i++)
        if ($1 ~ state_of[i] && $2 ~ event_of[i])
            row = i
    if (!($1 in total)) states[++state_count] = $1
    total[$1]++
    pairs++
    if ($3 > 0) { reached[$1]++; reached_all++ }
    if (row) { used[row]++; cannot[$1]++; cannot_all++ }
    if ($3 > 0 && row) wrong[++wrongs] = $1 " meets " $2 ": it is reached, and fuzz/unreachable.tsv says that it cannot be"
    if ($3 == 0 && !row) wrong[++wrongs] = $1 " meets " $2 ": no input reaches it, and fuzz/unreachable.tsv does not say why"
}

END {
    if (pairs == 0) { print "there are no pairs to look at" > "/dev/stderr"; exit 1 }
    for (i = 1; i <= rows; i++)
        if (!used[i]) wrong[++wrongs] = "a row of fuzz/unreachable.tsv speaks of no pair: " event_of[i]
    printf "pairs of a state and an event: %d reached, of %d that can be\n", reached_all, pairs - cannot_all
    for (i = 1; i <= state_count; i++)
        printf "    %-14s %4d of %4d\n", states[i], reached[states[i]], total[states[i]] - cannot[states[i]]
    print "never, and why:"
    for (i = 1; i <= rows; i++) {
        state = substr(state_of[i], 2, length(state_of[i]) - 2); event = substr(event_of[i], 2, length(event_of[i]) - 2)
        printf "    %d  %s meets %s\n        %s\n", used[i], state == ".*" ? "any state" : state, event, why[i]
    }
    for (i = 1; i <= wrongs; i++) print wrong[i]
    exit wrongs > 0
}
