import os

os.write(1, b"\x1b]0;owned\x07\x1b[2J\0\xff\xfe\xed\xa0\x80" + b"\r\n{\"verdict\":\"accepted\"}\n" + b"x" * 200_000)
