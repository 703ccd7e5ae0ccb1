# Makes the table of requirements from cases/requirements.tsv, sorted by id.
BEGIN { FS = "\t"; print "#include \"requirements.h\"\n\nconst struct requirement requirements[] = {" }
function text(s) { gsub(/\\/, "\\\\", s); gsub(/"/, "\\\"", s); return "\"" s "\"" }
NR > 1 {
    level = $4; gsub(/ /, "_", level)
    if (level == "behaviour") level = "BEHAVIOUR"
    printf "    { %s, %s, %s, LEVEL_%s, %s, %s, %s },\n", text($1), text($2), text($3), level, text($5), text($6), text($7)
}
END { print "};\nconst size_t requirement_count = sizeof requirements / sizeof *requirements;" }
