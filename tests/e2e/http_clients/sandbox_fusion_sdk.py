"""SandboxFusion's SDK, with its own retries and reading of replies."""

import asyncio
import base64
import sys

from sandbox_fusion import (RunCodeRequest, RunStatus, SummaryMapping, run_code, run_code_async, run_concurrent, set_endpoint,
                            summary_run_code_result)

MAPPING = SummaryMapping(Success="success", Failed="failed", CompileFailed="compile failed", CompileTimeout="compile timeout",
                         RunFailed="run failed", RunTimeout="run timeout")
PROGRAMS = [
    ("python", "print(1)", "success"),
    ("python", "raise ValueError(1)", "run failed"),
    ("python", "while True: pass", "run timeout"),
    ("python", "x = [0] * (1 << 40)", "run failed"),
    ("cpp", "int main() { return 0; }", "success"),
    ("cpp", "int main() { return x; }", "compile failed"),
    ("bash", "exit 3", "run failed"),
]


def ask(code, language="python", **fields):
    return RunCodeRequest(code=code, language=language, **fields)


async def many_async(count):
    return await asyncio.gather(*(run_code_async(ask(f"print({i})")) for i in range(count)))


def main(url):
    set_endpoint(url)
    reply = run_code(ask("print(6 * int(input()))", stdin="7"))
    assert reply.status == RunStatus.Success and reply.run_result.stdout == "42\n", reply
    for language, code, wanted in PROGRAMS:
        reply = run_code(ask(code, language, run_timeout=2))
        assert summary_run_code_result(reply, MAPPING) == wanted, (language, code, reply)

    reply = run_code(ask("d = open('in.txt').read()\nopen('out.txt', 'w').write(d.upper())",
                         files={"in.txt": base64.b64encode(b"content").decode()}, fetch_files=["out.txt", "missing"]))
    assert {name: base64.b64decode(text) for name, text in reply.files.items()} == {"out.txt": b"CONTENT"}, reply

    try:
        reply = run_code(ask("select 1", "sql"), max_attempts=1)
    except Exception as refused:  # as the SDK reads SandboxError
        assert "sql" in str(refused), refused
    else:
        raise AssertionError(f"nobody runs sql: {reply}")

    replies = run_concurrent(run_code, args=[[ask(f"print({i} + 1)")] for i in range(200)], concurrency=50)
    assert [reply.run_result.stdout for reply in replies] == [f"{i + 1}\n" for i in range(200)]
    replies = asyncio.run(many_async(100))
    assert [reply.run_result.stdout for reply in replies] == [f"{i}\n" for i in range(100)]


main(sys.argv[1])
