# Makes the list of suites from the SUITE lines of suite/selftest/*.c.
BEGIN { print "#include \"selftest/selftest.h\"\n" }
match($0, /^SUITE *\( *[a-z0-9_]+/) {
    name = substr($0, RSTART, RLENGTH); sub(/^SUITE *\( */, "", name)
    print "Suite *suite_" name "(void);"
    suites = suites "    suite_" name ",\n"
    names = names "    \"" name "\",\n"
}
END {
    print "\nmake_suite *const selftest_suites[] = {\n" suites "    NULL\n};"
    print "\nconst char *const selftest_names[] = {\n" names "    NULL\n};"
}
