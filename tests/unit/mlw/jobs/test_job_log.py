from mlw.jobs.job_log import KeptOutput


def kept(*chunks: bytes, beginning: int, end: int) -> tuple[str, str]:
    written: list[bytes] = []
    output = KeptOutput(written.append, beginning=beginning, end=end)
    for chunk in chunks:
        output.add(chunk)
    output.close()
    return b"".join(written).decode(), output.tail


def test_a_short_log_is_kept_whole() -> None:
    assert kept(b"one\n", b"two\n", beginning=100, end=10) == ("one\ntwo\n", "one\ntwo")


def test_a_long_log_keeps_beginning_and_end_and_says_how_much_is_missing() -> None:
    text, tail = kept(*[f"line {n}\n".encode() for n in range(1000)], beginning=14, end=18)

    assert text.startswith("line 0\nline 1\n\nmlw: the log is longer than what is stored")
    assert text.endswith("bytes are missing here.\nline 998\nline 999\n")
    assert tail.endswith("line 999")


def test_memory_is_limited_however_long_the_log_is() -> None:
    output = KeptOutput(lambda _: None, beginning=10, end=1000)

    for _ in range(10_000):
        output.add(b"x" * 100)

    assert output._later_bytes <= 1100
