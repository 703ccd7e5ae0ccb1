# Makes the list of groups from the GROUP lines of cases/*.c.
BEGIN { print "#include \"catalog.h\"\n" }
match($0, /^GROUP *\( *[a-z0-9_]+/) {
    name = substr($0, RSTART, RLENGTH); sub(/^GROUP *\( */, "", name)
    print "extern const struct ladder_group group_" name ";"
    names = names "    &group_" name ",\n"
}
END { print "\nconst struct ladder_group *const catalog_groups[] = {\n" names "    NULL\n};" }
