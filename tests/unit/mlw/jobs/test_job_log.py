from mlw.jobs.job_log import KeptOutput


def test_a_short_log_is_kept_whole() -> None:
    written: list[bytes] = []
    output = KeptOutput(written.append, beginning=100)

    output.add(b"one\n")
    output.add(b"two\n")

    assert (b"".join(written), output.tail, output.is_full) == (b"one\ntwo\n", "one\ntwo", False)


def test_a_long_log_keeps_beginning_and_end_and_says_that_something_is_missing() -> None:
    written: list[bytes] = []
    output = KeptOutput(written.append, beginning=14)

    for number in range(100):
        output.add(f"line {number}\n".encode())
    output.end(b"line 99\n")

    text = b"".join(written).decode()
    assert output.is_full
    assert text.startswith("line 0\nline 1\n\nmlw: the log is longer than what is stored: the first")
    assert text.endswith("mlw: the log is longer than what is stored: what is missing was written here.\nline 99\n")
    assert output.tail.endswith("line 99")
