"""ms-enclave's client of SandboxFusion, by which EvalScope asks: it sends code and language alone, and hangs up at its own
deadline."""

import asyncio
import sys
import time

import requests
from ms_enclave.sandbox.manager import VolcengineSandboxManager
from ms_enclave.sandbox.model import ExecutionStatus, VolcengineSandboxManagerConfig

TOOLS = ["python_executor", "multi_code_executor", "shell_executor"]


async def ask(url):
    manager = VolcengineSandboxManager(VolcengineSandboxManagerConfig(base_url=url))
    await manager.start()
    await manager.initialize_pool(config={"tools_config": TOOLS})
    run = manager.execute_tool_in_pool

    good = await run("python_executor", {"code": "print(6 * 7)", "timeout": 30})
    assert good.status == ExecutionStatus.SUCCESS and good.output.strip() == "42", good
    bad = await run("python_executor", {"code": "raise ValueError('no')", "timeout": 30})
    assert bad.status == ExecutionStatus.ERROR and "ValueError" in bad.error, bad
    many = await asyncio.gather(*(run("python_executor", {"code": f"print({i})", "timeout": 60}) for i in range(50)))
    assert [one.output.strip() for one in many] == [str(i) for i in range(50)]

    late = await run("python_executor", {"code": "import time\ntime.sleep(9)\nprint('late')", "timeout": 1})
    assert late.status != ExecutionStatus.SUCCESS, late
    await manager.stop()


def main(url):
    asyncio.run(ask(url))
    # It has hung up: its job goes, too.
    end = time.monotonic() + 60
    while "gradefarm_http_jobs{pool=\"cpu\"} 0" not in requests.get(f"{url}/metrics").text:
        assert time.monotonic() < end, "the job of a client that hung up is still there"
        time.sleep(0.2)


main(sys.argv[1])
