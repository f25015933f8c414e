"""The JSON log: beside the table or alone, on stderr or in a file, every line as src/cli/log.schema.json has it."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import harness
from harness import ROOT, STOPPED, SUCCESS, USAGE, Planted, ProgramTest, main

try:
    import jsonschema
except ImportError:
    jsonschema = None

SCHEMA = json.loads((ROOT / "src/cli/log.schema.json").read_text())
needs_jsonschema = unittest.skipIf(jsonschema is None, "SKIPPED: no python3-jsonschema (jobs/install-dependencies.sh --tests)")


class JsonLogTest(ProgramTest):
    def setUp(self):
        super().setUp()
        Planted(blocks=8).write(self.folder / "p.h5")

    def records(self, text):
        return [json.loads(line) for line in text.splitlines()]

    def solve(self, *arguments, code=SUCCESS, **options):
        """The records of a run that writes into a file."""
        self.run_program("solve", "p.h5", "--log", "json:log.jsonl", *arguments, code=code, **options)
        return self.records((self.folder / "log.jsonl").read_text())

    def test_beside_the_table(self):
        for arguments, table in ((("--log", "table", "--log", "json:log.jsonl"), True), (("--log", "json:log.jsonl"), True),
                                 (("--log=off", "--log=json:log.jsonl"), False), (("--log", "table,json:log.jsonl"), True),
                                 (("--log", "json:log.jsonl", "-q"), False)):
            with self.subTest(arguments):
                result = self.run_program("solve", "p.h5", *arguments)
                self.assertEqual("verdict      solved" in result.stderr, table)
                self.assertEqual(result.stderr == "", not table)
                records = self.records((self.folder / "log.jsonl").read_text())
                self.assertEqual((records[0]["record"], records[-1]["record"]), ("start", "result"))

    def test_both_as_json(self):
        result = self.run_program("solve", "p.h5", "--no-times", "--log", "json", "--log", "json:a.jsonl", "--log", "json:b.jsonl")
        self.assertEqual(result.stderr, (self.folder / "a.jsonl").read_text())
        self.assertEqual(result.stderr, (self.folder / "b.jsonl").read_text())

    def test_from_config_and_environment(self):
        (self.folder / "run.ini").write_text("log = off\nlog = json:a,b.jsonl\n")
        self.assertEqual(self.run_program("solve", "p.h5", "--config", "run.ini").stderr, "")
        self.assertTrue((self.folder / "a,b.jsonl").exists())
        printed = self.run_program("solve", "--config", "run.ini", "--print-config").stdout
        self.assertIn("\nlog = off,json:a,b.jsonl\n", printed)
        self.run_program("solve", "p.h5", variables={"KINTSUGI_LOG": "off,json:c.jsonl"})
        self.assertTrue((self.folder / "c.jsonl").exists())

    def test_what_is_refused(self):
        for value, says in (("xml", "one of table, json, off, or json:FILE"), ("json:", "got 'json:'"),
                            ("table:a.txt", "got 'table:a.txt'"), ("table,json", "only one log can go to standard error"),
                            ("json:nowhere/a.jsonl", "no folder"), ("json:p.h5", "p.h5")):
            with self.subTest(value):
                self.assert_error(USAGE, "solve", "p.h5", "--log", value, says=says)
        self.assert_error(USAGE, "solve", "p.h5", "--log", "json:s.h5", "-o", "s.h5", says="s.h5")

    def test_a_full_disk_is_said(self):
        Planted(blocks=48).write(self.folder / "p.h5")
        result = self.run_program("solve", "p.h5", "--log", "json:log.jsonl", code=5, prefix=["bash", "-c", "ulimit -f 8; exec \"$@\"", "-"])
        self.assertIn("kintsugi: error: a log could not be written", result.stderr)

    def test_a_resumed_run_goes_on_in_the_same_file(self):
        common = ("--start", "random", "--checkpoint", "c.h5", "--resume")
        first = self.solve(*common, "--max-evaluations", "1", code=STOPPED)
        both = self.solve(*common)
        self.assertEqual(both[:len(first)], first)
        self.assertEqual([each["record"] for each in both].count("result"), 2)
        self.assertEqual([each["record"] for each in self.solve()].count("result"), 1)

    def test_time_of_day(self):
        for record in self.solve():
            self.assertRegex(record["time"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertFalse([record for record in self.solve("--no-times") if "time" in record])

    @needs_jsonschema
    def test_every_line_is_as_the_schema_says(self):
        jsonschema.Draft7Validator.check_schema(SCHEMA)
        validator = jsonschema.Draft7Validator(SCHEMA)
        seen = set()

        def check(records):
            for record in records:
                errors = [error.message for error in validator.iter_errors(record)]
                self.assertEqual(errors, [], record)
                seen.add(record["record"])
        check(self.solve())
        check(self.solve("--no-times"))
        check(self.solve("--islands", "2", "--start", "random", np=2))
        check(self.solve("--without-predictions"))
        check(self.solve("--start", "random", "--max-evaluations", "1", "--checkpoint", "c.h5", "--resume", code=STOPPED))
        (self.folder / "few.cfg").write_text("[descent]\nprobes = 8\n")
        check(self.solve("--parameters", "few.cfg"))
        # One that goes on for some seconds, until it is stopped.
        Planted(blocks=48, width=32, rows=4000).write(self.folder / "p.h5")
        check(self.solve("--start", "random", "--search", "bubble", "--tolerance", "1e-30", "--time-limit", "7s", code=STOPPED))
        self.assertLessEqual({"start", "network", "pairs", "seeds", "row", "exchange", "progress", "stop", "resume", "memory",
                              "result"}, seen)

    @needs_jsonschema
    def test_the_schema_refuses_what_is_none(self):
        validator = jsonschema.Draft7Validator(SCHEMA)
        result = self.solve()[-1]
        self.assertTrue(validator.is_valid(result))
        for wrong in ({**result, "record": "rows"}, {**result, "exit": 6}, {**result, "status": "fine"},
                      {**result, "more": 1}, {name: value for name, value in result.items() if name != "mse"}):
            self.assertFalse(validator.is_valid(wrong), wrong)


if __name__ == "__main__":
    main()
