"""tinker-cookbook's client of SandboxFusion, loaded apart from the rest, which wants torch: 1,000 requests in flight, and
the files of its code_rl recipe."""

import asyncio
import importlib.util
import json
import pathlib
import sys

IN_FLIGHT = 1000
RUNNER = """import json
from testing_util import check
cases = json.load(open('test_cases.txt'))
source = open('code.py').read()
exit(0 if check(source, cases) else 1)
"""
TESTING_UTIL = """import io, contextlib
def check(source, cases):
    for case in cases:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(source, {'input': lambda: case['input']})
        if printed.getvalue().strip() != case['output']:
            return False
    return True
"""


def load():
    (folder,) = (path for path in map(pathlib.Path, sys.path) if (path / "tinker_cookbook").is_dir())
    spec = importlib.util.spec_from_file_location("tinker_sandboxfusion",
                                                  folder / "tinker_cookbook" / "sandbox" / "sandboxfusion.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def check_recipe(client):
    files = {"test_cases.txt": json.dumps([{"input": "3", "output": "6"}]), "testing_util.py": TESTING_UTIL}
    for code, wanted in (("print(2 * int(input()))", True), ("print(int(input()))", False)):
        good, reply = await client.run(RUNNER, {**files, "code.py": code}, timeout=12)
        assert good is wanted, (code, reply)


async def check_many(client):
    replies = await asyncio.gather(*(client.run(f"print({i} * 2)", {}, timeout=30) for i in range(IN_FLIGHT)))
    wrong = [(i, reply) for i, (good, reply) in enumerate(replies) if not good or reply["run_result"]["stdout"] != f"{i * 2}\n"]
    assert not wrong, (len(wrong), wrong[:3])


async def main(url):
    client = load().SandboxFusionClient(f"{url}/run_code", max_concurrency=IN_FLIGHT)
    await check_recipe(client)
    await check_many(client)
    await client.close()


asyncio.run(main(sys.argv[1]))
