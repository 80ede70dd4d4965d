from infra.clients.engine.log_quotes import last_lines

TRACE = """panic: StorageDriver not registered: nosuch

goroutine 1 [running]:
example.org/distribution/v3/registry/handlers.NewApp({0x126da08?, 0xdb6a5e0e4b0?}, 0xdb6a5e1a008)
\texample.org/distribution/v3@v3.1.2/registry/handlers/app.go:137 +0x287d
github.com/spf13/cobra.(*Command).Execute(0xdb6a5b3e1e0?)
\tgithub.com/spf13/cobra@v1.10.2/command.go:1071 +0x13
main.main()
\tml-workspace/tools/go/registry/main.go:14 +0x1a
created by main.start in goroutine 1
\tml-workspace/tools/go/registry/main.go:20
"""


def test_a_crash_is_quoted_without_its_frames_and_once() -> None:
    assert last_lines(f"starting\n{TRACE}Terminated\n{TRACE}".encode(), 30) == (
        "starting\nTerminated\npanic: StorageDriver not registered: nosuch"
    )


def test_two_crashes_at_once_lose_no_message() -> None:
    mixed = "main.main()\npanic: one\n\tmain.go:14 +0x1a\nmain.main()\n\tmain.go:14 +0x1a\npanic: other\n"

    assert last_lines(mixed.encode(), 30) == "main.main()\npanic: one\npanic: other"


def test_other_lines_stay_as_they_are_and_only_the_last_ones() -> None:
    log = b"loaded f(x)\n\n  indented\n\tat line 3\nlast\xff\n"

    assert last_lines(log, 30) == "loaded f(x)\n  indented\n\tat line 3\nlast\ufffd"
    assert last_lines(log, 1) == "last\ufffd"
    assert last_lines(b"", 3) == ""
