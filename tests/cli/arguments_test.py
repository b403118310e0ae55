#!/usr/bin/env python3
"""Goal: a wrong command line is refused with a hint and exit code 64, and help is there.
Method: run the real command."""

import json

from support import CommandTest, main


class Arguments(CommandTest):
    def refuse(self, *arguments):
        shown = self.troupe(*arguments)
        self.assertEqual(shown.returncode, 64, shown.stderr)
        self.assertEqual(shown.stdout, "")
        return shown.stderr

    def test_without_a_verb_it_is_wrong_usage(self):
        self.assertIn("a verb is missing", self.refuse())

    def test_an_unknown_verb_gets_the_nearest_one(self):
        self.assertIn("did you mean 'validate'?", self.refuse("valdate"))
        self.assertIn("did you mean 'run'?", self.refuse("rnu"))
        self.assertIn("there are run, validate, status and actors", self.refuse("conquer"))

    def test_a_file_in_place_of_the_verb_gets_the_hint_run(self):
        self.assertIn("did you mean 'troupe run access.yaml'?", self.refuse("access.yaml"))

    def test_wrong_options_are_named(self):
        self.assertIn("FILE is required", self.refuse("run"))
        self.assertIn("--nope", self.refuse("run", "a.yaml", "--nope"))
        self.assertIn("expected NAME=VALUE, got 'a'", self.refuse("run", "a.yaml", "--set", "a"))
        self.assertIn("expected NAME=VALUE, got '=a'", self.refuse("run", "a.yaml", "--set", "=a"))
        self.assertIn("--chaos", self.refuse("run", "a.yaml", "--chaos", "50"))
        self.assertIn("more than zero", self.refuse("run", "a.yaml", "--chaos", "0s"))
        self.assertIn("--socket", self.refuse("run", "a.yaml", "--no-socket", "--socket", "s"))
        self.assertIn("--json", self.refuse("validate", "a.yaml", "--json", "--print"))
        self.assertIn("ready or stopped", self.refuse("status", "a", "--wait", "soon"))
        self.assertIn("--timeout", self.refuse("status", "a", "--timeout", "abc"))

    def test_an_unknown_option_gets_the_nearest_one(self):
        self.assertIn("there is no option '--hlep'; did you mean '--help'?",
                      self.refuse("run", "--hlep"))
        self.assertIn("did you mean '--chaos'?", self.refuse("run", "a.yaml", "--choas=1s"))

    def test_values_that_are_missing_or_empty_are_refused(self):
        # As a variable of a script gives them when it was not set.
        for arguments in (["run", ""], ["validate", ""], ["status", ""], ["status", "--socket", ""],
                          ["run", "a.yaml", "--socket", ""], ["run", "a.yaml", "--chaos", ""],
                          ["status", "a", "--wait", ""], ["status", "a", "--timeout", ""],
                          ["run", "a.yaml", "--chaos-seed", ""]):
            with self.subTest(arguments=arguments):
                self.refuse(*arguments)
        self.assertIn("--chaos needs a value", self.refuse("run", "a.yaml", "--chaos"))
        self.assertIn("--set needs a value", self.refuse("run", "a.yaml", "--set"))

    def test_numbers_and_flags_are_read_strictly(self):
        for seed in ("abc", "-1", "1x", "99999999999999999999"):
            self.assertIn("expected a number from 0 to", self.refuse(
                "run", "a.yaml", "--chaos", "1s", "--chaos-seed", seed))
        self.refuse("validate", "a.yaml", "--json=3")

    def test_the_builtins_are_listed_with_their_keys(self):
        shown = self.troupe("actors")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        for words in ("stdin (source; output: string)", "    path: path (required)",
                      "    append: true or false (false)", "    line_feeds: refuse, escape, keep"):
            self.assertIn(words, shown.stdout)
        every = json.loads(self.troupe("actors", "--json").stdout)
        self.assertEqual([one["name"] for one in every], sorted(one["name"] for one in every))
        self.assertEqual(json.loads(self.troupe("actors", "sha256", "--json").stdout),
                         [one for one in every if one["name"] == "sha256"])
        self.assertIn("did you mean 'sha256'?", self.refuse("actors", "sha265"))
        self.refuse("actors", "")

    def test_every_builtin_that_is_listed_is_known_to_the_loader(self):
        for one in json.loads(self.troupe("actors", "--json").stdout):
            keys = "".join(f"{key['name']}: [x], " for key in one["keys"]) + "no_such_key: 1"
            name = self.write("a.yaml", "version: 1\nname: a\npools:\n"
                              f"  p: {{builtin: {{{one['name']}: {{{keys}}}}}}}\n")
            told = self.troupe("validate", name).stderr
            self.assertNotIn("no builtin is called", told)
            self.assertEqual(told.count("unknown key"), 1, told)

    def test_help_goes_to_stdout(self):
        for arguments in (["--help"], ["run", "--help"], ["validate", "-h"], ["status", "--help"]):
            with self.subTest(arguments=arguments):
                shown = self.troupe(*arguments)
                self.assertEqual((shown.returncode, shown.stderr), (0, ""))
                self.assertIn("Examples:", shown.stdout)
        self.assertIn("Usage: troupe run", self.troupe("run", "--help").stdout)

    def test_version(self):
        self.assertRegex(self.troupe("--version").stdout, r"^troupe \d+\.\d+\.\d+\n$")

    def test_chaos_without_a_pipeline_is_refused(self):
        name = self.write("a.yaml", "version: 1\npools: {api: {command: [tail, -f, /dev/null]}}\n")
        self.assertIn("has none", self.refuse("run", name, "--chaos", "1s"))


if __name__ == "__main__":
    main()
