"""Stack files in many forms, each with the Pulumi CLI's result.

The unit tests compare the reader with this table, the policy tier compares the table with the CLI itself.
"""

from collections.abc import Mapping

SECRET = "(secret)"
"""For a value that the CLI calls secret."""


def nested(depth: int) -> list[object]:
    """Return a list in a list in a list."""
    return [nested(depth - 1)] if depth > 1 else []


CASES: Mapping[str, tuple[bytes, Mapping[str, object] | None]] = {
    "plain": (b"config:\n  p:a: churn\n  p:n: 7\n", {"p:a": "churn", "p:n": "7"}),
    "doc start": (b"---\nconfig:\n  p:a: x\n", {"p:a": "x"}),
    "two docs": (b"config:\n  p:a: x\n---\nconfig:\n  p:a: y\n", {"p:a": "x"}),
    "two docs second broken": (b"config:\n  p:a: x\n---\n[\n", {"p:a": "x"}),
    "doc end": (b"config:\n  p:a: x\n...\n", {"p:a": "x"}),
    "directive": (b"%YAML 1.1\n---\nconfig:\n  p:a: yes\n", {"p:a": "yes"}),
    "directive12": (b"%YAML 1.2\n---\nconfig:\n  p:a: yes\n", None),
    "merge": (b"x: &c {owner: me, k: 1}\nconfig:\n  p:a:\n    <<: *c\n    k: 2\n", {"p:a": {"k": 2, "owner": "me"}}),
    "merge list": (
        b"x: &c {owner: me, k: 1}\ny: &d {k: 3, z: 4}\nconfig:\n  p:a:\n    <<: [*c, *d]\n    q: 2\n",
        {"p:a": {"k": 1, "owner": "me", "q": 2, "z": 4}},
    ),
    "merge in config": (b"common: &c\n  p:a: x\n  p:b: y\nconfig:\n  <<: *c\n  p:b: z\n", {"p:a": "x", "p:b": "z"}),
    "merge twice": (b"x: &c {owner: me}\ny: &d {z: 4}\nconfig:\n  p:a:\n    <<: *c\n    <<: *d\n", None),
    "merge after": (
        b"x: &c {owner: me, k: 1}\nconfig:\n  p:a:\n    k: 2\n    <<: *c\n",
        {"p:a": {"k": 2, "owner": "me"}},
    ),
    "merge quoted": (b"x: &c {owner: me}\nconfig:\n  p:a:\n    '<<': *c\n", {"p:a": {"owner": "me"}}),
    "merge scalar": (b"config:\n  p:a:\n    <<: 3\n", None),
    "merge tag": (b"x: &c {owner: me}\nconfig:\n  p:a:\n    !!merge <<: *c\n", {"p:a": {"owner": "me"}}),
    "anchor": (b"config:\n  p:a: &x [1, two]\n  p:b: *x\n", {"p:a": [1, "two"], "p:b": [1, "two"]}),
    "anchor unknown": (b"config:\n  p:a: *x\n", None),
    "anchor self": (b"config:\n  p:a: &x [*x]\n", None),
    "anchor value": (b"config:\n  p:a: &x yes\n  p:b: *x\n", {"p:a": "yes", "p:b": "yes"}),
    "tabs indent": (b"config:\n\tp:a: x\n", None),
    "tabs sep": (b"config:\n  p:a:\tx\n", {"p:a": "x"}),
    "tabs end": (b"config:\t\n  p:a: x\t\n", {"p:a": "x"}),
    "tab flow": (b"config:\n  p:a: {\n\tb: 1 }\n", {"p:a": {"b": 1}}),
    "bom": (b"\xef\xbb\xbfconfig:\n  p:a: x\n", {"p:a": "x"}),
    "bom doc": (b"\xef\xbb\xbf---\nconfig:\n  p:a: x\n", {"p:a": "x"}),
    "dup": (b"config:\n  p:a: x\n  p:a: y\n", None),
    "dup nested": (b"config:\n  p:a: {b: 1, b: 2}\n", None),
    "dup top": (b"config:\n  p:a: x\nconfig:\n  p:b: x\n", None),
    "dup quoted": (b"config:\n  p:a: {b: 1, 'b': 2}\n", None),
    "dup key int": (b"config:\n  p:a: {1: 1, '1': 2}\n", None),
    "bools": (
        b"config:\n  p:a: [yes, no, on, off, y, n, Yes, TRUE, True, true, tRue, FALSE, False, NO]\n",
        {"p:a": ["yes", "no", "on", "off", "y", "n", "Yes", True, True, True, "tRue", False, False, "NO"]},
    ),
    "bool top": (
        b"config:\n  p:a: yes\n  p:b: True\n  p:c: TRUE\n  p:d: on\n",
        {"p:a": "yes", "p:b": "true", "p:c": "true", "p:d": "on"},
    ),
    "ints": (
        (
            b"config:\n"
            b"  p:a: [0o17, 017, 08, 1_000, 0x1F, 0b11, +5, -5, -0, 00, 0o"
            b"8, 0x_1, 1__0, 0X1F, 0B1, 0O17, -0x1F, +0x1F, 0_8, _1, 1_]\n"
        ),
        {"p:a": [15, 15, 8, 1000, 31, 3, 5, -5, 0, 0, "0o8", 1, 10, 31, 1, 15, -31, 31, 8, "_1", 1]},
    ),
    "ints top": (
        (
            b"config:\n"
            b"  p:a: 0o17\n"
            b"  p:b: 017\n"
            b"  p:c: 1_000\n"
            b"  p:d: 0x1F\n"
            b"  p:e: 08\n"
            b"  p:f: +5\n"
            b"  p:g: 001\n"
            b"  p:h: 0b11\n"
        ),
        {"p:a": "15", "p:b": "15", "p:c": "1000", "p:d": "31", "p:e": "8", "p:f": "5", "p:g": "1", "p:h": "3"},
    ),
    "floats": (
        (
            b"config:\n"
            b"  p:a: [1.0, 1e3, 1E3, .5, 5., 1.50, -1.5, 1_0.5, 1e400, 1.5"
            b"e3, +1.5, 12e03, -2E+05, 1e-7, 123456789.123456789, 1.0e+21,"
            b" 1e21]\n"
        ),
        {
            "p:a": [
                1,
                1000,
                1000,
                0.5,
                5,
                1.5,
                -1.5,
                10.5,
                "1e400",
                1500,
                1.5,
                12000,
                -200000,
                1e-07,
                123456789.12345679,
                1e21,
                1e21,
            ]
        },
    ),
    "floats top": (
        b"config:\n  p:a: 1.0\n  p:b: 1e3\n  p:c: .5\n  p:d: 5.\n  p:e: 1.50\n  p:f: 1e21\n  p:g: 1e-7\n",
        {"p:a": "1", "p:b": "1000", "p:c": "0.5", "p:d": "5", "p:e": "1.5", "p:f": "1e+21", "p:g": "1e-7"},
    ),
    "inf": (b"config:\n  p:a: [.inf]\n", None),
    "inf top": (b"config:\n  p:a: .inf\n", None),
    "nan top": (b"config:\n  p:a: .nan\n", None),
    "-inf top": (b"config:\n  p:a: -.Inf\n", None),
    "big ints": (
        (
            b"config:\n"
            b"  p:a: [9223372036854775807, 9223372036854775808, 1844674407"
            b"3709551615, 18446744073709551616, -9223372036854775808, -922"
            b"3372036854775809, 9007199254740993]\n"
        ),
        {
            "p:a": [
                9223372036854775807,
                9223372036854776000,
                18446744073709552000,
                18446744073709552000,
                -9223372036854775808,
                -9223372036854776000,
                9007199254740993,
            ]
        },
    ),
    "big int top": (
        b"config:\n  p:a: 9223372036854775808\n  p:b: 18446744073709551616\n  p:c: 9007199254740993\n",
        {"p:a": "9223372036854775808", "p:b": "18446744073709552000", "p:c": "9007199254740993"},
    ),
    "sexagesimal": (
        b"config:\n  p:a: [1:30, 190:20:30, 1:30.5]\n  p:b: 1:30\n",
        {"p:a": ["1:30", "190:20:30", "1:30.5"], "p:b": "1:30"},
    ),
    "timestamps": (
        (
            b"config:\n"
            b"  p:a: [2027-06-30, 2027-06-30T10:20:30Z, 2027-06-30 10:20:3"
            b"0, 2027-06-30t10:20:30.5+02:00, 2027-6-3, 2027-13-01, 2027-0"
            b"6-30 10:20:30 +02:00]\n"
        ),
        {
            "p:a": [
                "2027-06-30 00:00:00 +0000 UTC",
                "2027-06-30 10:20:30 +0000 UTC",
                "2027-06-30 10:20:30 +0000 UTC",
                "2027-06-30 10:20:30.5 +0200 +0200",
                "2027-06-03 00:00:00 +0000 UTC",
                "2027-13-01",
                "2027-06-30 10:20:30 +02:00",
            ]
        },
    ),
    "timestamp key": (b"config:\n  p:a: {2027-06-30: x}\n", {"p:a": {"2027-06-30 00:00:00 +0000 UTC": "x"}}),
    "date in map": (b"config:\n  p:a: {d: 2027-06-30}\n", {"p:a": {"d": "2027-06-30 00:00:00 +0000 UTC"}}),
    "!!str": (
        b"config:\n  p:a: !!str 7\n  p:b: [!!str 7, !!str yes, !!str 2027-06-30]\n  p:c: !!str true\n",
        {"p:a": "7", "p:b": ["7", "yes", "2027-06-30"], "p:c": "true"},
    ),
    "!!int": (b"config:\n  p:a: !!int '7'\n  p:b: [!!int '7', !!int 7]\n", {"p:a": "7", "p:b": [7, 7]}),
    "!!int bad": (b"config:\n  p:b: [!!int x]\n", None),
    "!!float": (b"config:\n  p:b: [!!float 7, !!float '7.5']\n", {"p:b": [7, 7.5]}),
    "!!bool": (b"config:\n  p:b: [!!bool true, !!bool 'true', !!bool yes]\n", None),
    "!!bool yes": (b"config:\n  p:b: [!!bool yes]\n", None),
    "!!null": (b"config:\n  p:b: [!!null '', !!null null]\n", {"p:b": [None, None]}),
    "!!binary": (b"config:\n  p:b: [!!binary aGVsbG8=]\n", {"p:b": ["hello"]}),
    "!!set": (b"config:\n  p:b: !!set {a, b}\n", {"p:b": {"a": None, "b": None}}),
    "!!timestamp": (b"config:\n  p:b: [!!timestamp 2027-06-30]\n", {"p:b": ["2027-06-30 00:00:00 +0000 UTC"]}),
    "!!map": (b"config:\n  p:b: !!map {a: 1}\n", {"p:b": {"a": 1}}),
    "!custom": (b"config:\n  p:b: [!x 7, !x yes]\n  p:c: !x {a: 1}\n", {"p:b": ["7", "yes"], "p:c": {"a": 1}}),
    "!!python": (b"config:\n  p:b: !!python/object/apply:os.system [echo]\n", {"p:b": ["echo"]}),
    "! nonspecific": (b"config:\n  p:b: [! 7]\n", {"p:b": [7]}),
    "null": (
        b"config:\n  p:a: null\n  p:b: ~\n  p:c:\n  p:d: Null\n  p:e: [null, ~, NULL, nULL, '']\n",
        {"p:a": "", "p:b": "", "p:c": "", "p:d": "", "p:e": [None, None, None, "nULL", ""]},
    ),
    "quoted keys": (b'config:\n  \'p:a\': x\n  "p:b": y\n  "p\\u003ac": z\n', {"p:a": "x", "p:b": "y", "p:c": "z"}),
    "flow all": (b"{config: {'p:a': x, p:b: [1, {c: d}]}}\n", {"p:a": "x", "p:b": [1, {"c": "d"}]}),
    "json": (b'{"config": {"p:a": "x", "p:b": [1, 2.0, null, true]}}\n', {"p:a": "x", "p:b": [1, 2, None, True]}),
    "latin1": (b"config:\n  p:a: K\xf6ln\n", None),
    "latin1 comment": (b"# K\xf6ln\nconfig:\n  p:a: x\n", None),
    "utf16 bom le": ("config:\n  p:a: Köln\n".encode("utf-16"), {"p:a": "Köln"}),
    "utf16 be bom": (
        b"\xfe\xff\x00c\x00o\x00n\x00f\x00i\x00g\x00:\x00\n\x00 \x00 \x00p\x00:\x00a\x00:\x00 \x00x\x00\n",
        {"p:a": "x"},
    ),
    "utf16 no bom": ("config:\n  p:a: x\n".encode("utf-16-le"), None),
    "utf32": ("config:\n  p:a: x\n".encode("utf-32"), None),
    "crlf": (b"config:\r\n  p:a: x\r\n  p:b: |\r\n    l1\r\n    l2\r\n", {"p:a": "x", "p:b": "l1\nl2\n"}),
    "cr": (b"config:\r  p:a: x\r", {"p:a": "x"}),
    "ls": (b'config:\n  p:a: "x\xe2\x80\xa8y"\n', {"p:a": "x\u2028y"}),
    "nul": (b"config:\n  p:a: x\x00\n", None),
    "ctrl": (b'config:\n  p:a: "x\x07"\n', None),
    "del": (b"config:\n  p:a: x\x7fy\n", None),
    "c1": (b"config:\n  p:a: x\xc2\x80y\n", None),
    "emoji": (b"config:\n  p:a: \xf0\x9f\x9a\x80\n", {"p:a": "🚀"}),
    "surrogate esc": (b'config:\n  p:a: "\\ud83d\\ude00"\n', None),
    "bad escape": (b'config:\n  p:a: "\\q"\n', None),
    "empty": (b"", {}),
    "comment only": (b"# nothing\n", {}),
    "config text": (b"config: text\n", None),
    "config list": (b"config: [a]\n", None),
    "config null": (b"config:\n", {}),
    "no config": (b"encryptionsalt: ''\n", {}),
    "top list": (b"- a\n", None),
    "top text": (b"abc\n", None),
    "unknown top": (b"unknown: 1\nconfig:\n  p:a: x\n", {"p:a": "x"}),
    "env key": (b"environment: []\nconfig:\n  p:a: x\n", {"p:a": "x"}),
    "short key": (b"config:\n  a: x\n", {"ml-workspace:a": "x"}),
    "key config:": (b"config:\n  p:config:a: x\n", {"p:a": "x"}),
    "key bad": (b"config:\n  p:b:c: x\n", None),
    "key empty": (b"config:\n  '': x\n", {"ml-workspace:": "x"}),
    "key only colon": (b"config:\n  'p:': x\n", {"p:": "x"}),
    "cfg alias": (b"config:\n  ml-workspace:config:a: x\n", {"ml-workspace:a": "x"}),
    "int keys": (
        b"config:\n  p:a: {1: x, true: y, null: z, 1.5: w}\n",
        {"p:a": {"1": "x", "1.5": "w", "<nil>": "z", "true": "y"}},
    ),
    "int keys1": (b"config:\n  p:a: {1: x}\n", {"p:a": {"1": "x"}}),
    "bool key": (b"config:\n  p:a: {true: x}\n", {"p:a": {"true": "x"}}),
    "yes key": (b"config:\n  p:a: {yes: x, on: y}\n", {"p:a": {"on": "y", "yes": "x"}}),
    "null key": (b"config:\n  p:a: {null: x}\n", {"p:a": {"<nil>": "x"}}),
    "complex key": (b"config:\n  p:a: {[1, 2]: x}\n", None),
    "? key": (b"config:\n  ? p:a\n  : x\n", {"p:a": "x"}),
    "multiline plain": (b"config:\n  p:a: one\n    two\n\n    three\n", {"p:a": "one two\nthree"}),
    "literal": (
        (
            b"config:\n"
            b"  p:a: |\n"
            b"    one\n"
            b"    two\n"
            b"  p:b: >-\n"
            b"    f1\n"
            b"    f2\n"
            b"\n"
            b"    f3\n"
            b"  p:c: |+\n"
            b"    k\n"
            b"\n"
            b"  p:d: |2\n"
            b"      ind\n"
        ),
        {"p:a": "one\ntwo\n", "p:b": "f1 f2\nf3", "p:c": "k\n\n", "p:d": "  ind\n"},
    ),
    "double multi": (b'config:\n  p:a: "one\n    two \\\n    three"\n', {"p:a": "one two three"}),
    "single": (b"config:\n  p:a: 'it''s'\n", {"p:a": "it's"}),
    "colon in plain": (b"config:\n  p:a: http://x:1/a#b\n", {"p:a": "http://x:1/a#b"}),
    "hash": (b"config:\n  p:a: x # c\n  p:b: x#y\n", {"p:a": "x", "p:b": "x#y"}),
    "percent": (b"config:\n  p:a: 50%\n  p:b: '@x'\n", {"p:a": "50%", "p:b": "@x"}),
    "at": (b"config:\n  p:a: @x\n", None),
    "backtick": (b"config:\n  p:a: `x`\n", None),
    "dash": (b"config:\n  p:a: -\n", None),
    "dash2": (b"config:\n  p:a: - b\n", None),
    "equal": (b"config:\n  p:a: [=, <<]\n", {"p:a": ["=", "<<"]}),
    "equal top": (b"config:\n  p:a: =\n", {"p:a": "="}),
    "trailing comma": (b"config:\n  p:a: [1, 2,]\n  p:b: {a: 1,}\n", {"p:a": [1, 2], "p:b": {"a": 1}}),
    "flow implicit": (
        b"config:\n  p:a: [a: 1, b: 2]\n  p:b: {a, b: }\n",
        {"p:a": [{"a": 1}, {"b": 2}], "p:b": {"a": None, "b": None}},
    ),
    "flow no space": (b'config:\n  p:a: {"a":1, b:2}\n', {"p:a": {"a": 1, "b:2": None}}),
    "flow url": (b"config:\n  p:a: {u: http://x, v: a:b}\n", {"p:a": {"u": "http://x", "v": "a:b"}}),
    "list same indent": (b"config:\n  p:a:\n  - 1\n  - {a: b}\n", {"p:a": [1, {"a": "b"}]}),
    "secure": (b"config:\n  p:a: {secure: 'v1:abc'}\n", {"p:a": SECRET}),
    "secure quoted": (b'config:\n  p:a:\n    "secure": v1:abc\n', {"p:a": SECRET}),
    "secure nested": (b"config:\n  p:a: [{k: {secure: v1:abc}}]\n", {"p:a": SECRET}),
    "secure + other": (b"config:\n  p:a: {secure: v1:abc, x: 1}\n", {"p:a": {"secure": "v1:abc", "x": 1}}),
    "secure int": (b"config:\n  p:a: {secure: 7}\n", {"p:a": {"secure": 7}}),
    "empty map": (b"config:\n  p:a: {}\n  p:b: []\n  p:c: ''\n", {"p:a": {}, "p:b": [], "p:c": ""}),
    "deep": (b"config:\n  p:a: " + b"[" * 200 + b"]" * 200 + b"\n", {"p:a": nested(200)}),
    "bad indent": (b"config:\n  p:a: x\n p:b: y\n", None),
    "unclosed": (b"config: [", None),
    "unclosed quote": (b"config:\n  p:a: 'x\n", None),
    "html chars": (b"config:\n  p:a: ['<a>&', \"x\\u2028\"]\n", {"p:a": ["<a>&", "x\u2028"]}),
    "unicode": (b'config:\n  p:a: [K\xc3\xb6ln, "\xe6\x97\xa5\xe6\x9c\xac"]\n', {"p:a": ["Köln", "日本"]}),
    "float int": (
        b"config:\n  p:a: {n: 7.0, m: 7.5, k: 100000000000000000000000}\n",
        {"p:a": {"k": 1e23, "m": 7.5, "n": 7}},
    ),
    "order": (b"config:\n  p:a: {z: 1, a: 2}\n", {"p:a": {"a": 2, "z": 1}}),
    "val obj": (b"config:\n  p:a:\n    value: x\n", {"p:a": {"value": "x"}}),
    "val type": (b"config:\n  p:a:\n    type: string\n    value: x\n", {"p:a": {"type": "string", "value": "x"}}),
    "case": (b"Config:\n  p:a: x\n", {}),
    "key space": (b"config:\n  p:a : x\n  ' p:b': y\n", {" p:b": "y", "p:a": "x"}),
    "secretsprovider": (b"secretsprovider: passphrase\nconfig:\n  p:a: x\n", {"p:a": "x"}),
    "text comment after doc": (b"--- # hi\nconfig:\n  p:a: x\n", {"p:a": "x"}),
    "inline doc": (b"--- {config: {p:a: x}}\n", {"p:a": "x"}),
    "tag directive": (b"%TAG !e! tag:example.com,2000:\n---\nconfig:\n  p:a: !e!x 7\n", {"p:a": "7"}),
    "alias bomb": (
        (
            b"a: &a [x,x,x,x,x,x,x,x,x]\n"
            b"b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
            b"c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
            b"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
            b"config:\n"
            b"  p:a: *d\n"
        ),
        None,
    ),
}
"""Name of the form to content and values; None for a file that the CLI refuses."""
