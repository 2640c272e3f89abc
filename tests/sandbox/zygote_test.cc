// A program that is the fork of a warmed interpreter cannot be told from `python3 main.py`.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sandbox/sandbox_fixture.h"

namespace farm::sandbox {
namespace {

using ::testing::HasSubstr;

constexpr const char* kGreets =
    "import site, sys\n"
    "print('trusted', __file__, sys.path[0], __name__, sys.flags, sys.argv, sys.orig_argv)\n"
    "print(site.ENABLE_USER_SITE, site.USER_SITE)\n";

class ZygoteTest : public SandboxFixture {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: needs root";
    settings_.zygote = ZygoteSettings{
        "/usr/bin/python3",
        {{"PYTHONINTMAXSTRDIGITS", "0"}},
        {"random", "re", "json", "collections", "heapq", "datetime", "decimal", "typing",
         "dataclasses", "functools", "threading", "xml.etree.ElementTree", "concurrent.futures",
         "logging", "tempfile", "subprocess", "numpy", "no_such_module"},
        {{"greets.py", kGreets},
         {"imports.py", "import helps\nprint(helps.WORD)\n"},
         {"helps.py", "WORD = 'helped'\n"}},
        Milliseconds(120'000)};
    start(Isolation::kFull);
  }

  static RunSpec main_py(const std::string& program, const std::string& input = "") {
    RunSpec spec = python(program);
    spec.commands = {{"/usr/bin/python3", "main.py"}};
    spec.files = {{"main.py", program}};
    spec.env = {{"PYTHONINTMAXSTRDIGITS", "0"}};
    spec.stdin_bytes = input;
    spec.limits.cpu = Milliseconds(20'000);
    spec.limits.wall = Milliseconds(60'000);
    spec.limits.memory = mib(256);
    return spec;
  }

  // The same with an interpreter of its own: it has another environment than the zygote.
  static RunSpec started(RunSpec spec) {
    spec.env["STARTED"] = "alone";
    return spec;
  }

  void expect_the_same(const RunSpec& spec) {
    const RunOutcome forked = run(spec);
    EXPECT_TRUE(forked.forked) << forked.zygote_failed;
    const RunOutcome alone = run(started(spec));
    EXPECT_FALSE(alone.forked);
    EXPECT_EQ(forked.stdout_bytes, alone.stdout_bytes);
    EXPECT_EQ(forked.stderr_bytes, alone.stderr_bytes);
    EXPECT_EQ(forked.exit_code, alone.exit_code);
    EXPECT_EQ(forked.signal, alone.signal);
  }
};

TEST_F(ZygoteTest, ProgramsBehaveAsWithAnInterpreterOfTheirOwn) {
  const std::vector<std::string> programs = {
      "print(sum(map(int, input().split())))\n",
      "import sys\nprint(sys.argv, sys.path, sys.flags, sys.executable, sys.orig_argv)\n",
      "import sys\nprint(sorted(sys.modules))\n",
      "import sys\nprint(__name__, __file__, __doc__, __spec__, type(__loader__), __builtins__, "
      "sorted(globals()))\n",
      "import os\nprint(os.getcwd(), os.getpid(), sorted(k for k in os.environ if k != 'STARTED'), "
      "os.listdir())\n",
      "import os\nprint(sorted(os.listdir('/')), sorted(os.listdir('/proc/self/fd')))\n",
      "def f(n):\n    return n and f(n - 1)\ndepth = 0\ndef g():\n    global depth\n    depth += "
      "1\n    g()\ntry:\n    g()\n"
      "except RecursionError:\n    print(depth)\nimport sys\nprint(sys.getrecursionlimit())\n",
      "def f():\n    raise ValueError('no')\nf()\n",
      "x = = 1\n",
      "import sys\nprint('out')\nsys.exit(3)\n",
      "import sys\nsys.exit('words')\n",
      "raise SystemExit(4)\n",
      "try:\n    raise SystemExit(5)\nexcept SystemExit:\n    print('stayed')\n",
      "exit()\n",
      "import os\nprint('lost')\nos._exit(6)\n",
      "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n",
      "import os\nos.abort()\n",
      "raise KeyboardInterrupt\n",
      "import atexit\natexit.register(print, 'first registered')\natexit.register(print, 'last "
      "registered')\nprint('end')\n",
      "import atexit, sys\natexit.register(sys.exit, 7)\n",
      "class A:\n    def __init__(self, name):\n        self.name = name\n    def __del__(self):\n "
      "       print('gone', "
      "self.name)\na = A('a')\n_b = A('_b')\nc = [A('c')]\nc.append(c)\nprint('end')\n",
      "def g():\n    try:\n        yield 1\n    finally:\n        print('closed')\nh = "
      "g()\nnext(h)\n",
      "f = open('left_open', 'w')\nf.write('kept')\nimport atexit, "
      "os\nprint(os.path.getsize('left_open'))\n",
      "import sys\nsys.stdout.close()\n",
      "import sys, io\nprint('before')\nsys.stdout = io.StringIO()\nprint('swallowed')\n",
      "import threading, time\ndef late():\n    time.sleep(0.05)\n    print('thread')\n"
      "threading.Thread(target=late).start()\nprint('main')\n",
      "import os\nif os.fork() == 0:\n    print('child')\nelse:\n    os.wait()\n    "
      "print('parent')\n",
      "import subprocess\nprint(subprocess.run(['python3', '-c', 'print(1)'], "
      "capture_output=True))\n",
      "import multiprocessing\nif __name__ == '__main__':\n    with multiprocessing.Pool(2) as "
      "pool:\n        "
      "print(pool.map(abs, [-1, -2]))\n",
      "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as pool:\n    "
      "print(list(pool.map(abs, [-1, -2])))\n",
      // An import that is missing is missing.
      "import concurrent\nprint(hasattr(concurrent, 'futures'))\n",
      "import xml\nprint(hasattr(xml, 'etree'))\nxml.etree.ElementTree\n",
      "import importlib\nprint(hasattr(importlib, 'machinery'), hasattr(importlib, 'util'))\n",
      "print(json.dumps(1))\n",
      // Those that were imported early come with what they import, and no more.
      "import sys, random\nprint(sorted(sys.modules), random.__spec__.name, random.__file__)\n",
      "import sys, dataclasses\nprint(sorted(sys.modules))\n",
      "import sys, xml.etree.ElementTree as E\nprint(sorted(sys.modules), E.fromstring('<a "
      "b=\"c\"/>').attrib)\n",
      "import sys, logging\nprint(sorted(sys.modules))\nlogging.warning('to stderr')\n",
      "import sys, subprocess\nprint(sorted(sys.modules))\n",
      "from dataclasses import dataclass\nimport typing\n@dataclass\nclass P:\n    x: int\n    y: "
      "typing.List[int]\n"
      "print(P(1, [2]), typing.get_type_hints(P))\n",
      "import pickle, collections\nC = collections.namedtuple('C', "
      "'x')\nprint(pickle.loads(pickle.dumps(C(1))))\n",
      "import random\nrandom.seed(1)\nprint(random.random())\n",
      "print(hash('text'), {chr(97 + i) for i in range(20)})\n",
      "import sys\nprint(sys.stdin.encoding, sys.stdout.encoding, sys.stdout.line_buffering, "
      "sys.stdin.read())\n",
      "import sys\nprint(sys.stdin.buffer.read(3), sys.stdin.tell(), sys.stdin.seekable())\n",
      "import gc, sys\nprint(gc.isenabled(), gc.get_threshold(), sys.getswitchinterval(), "
      "sys.gettrace())\n",
      "import signal\nprint(signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGPIPE), "
      "signal.getsignal(signal.SIGTERM))\n",
      "import threading\nprint(threading.current_thread().name, threading.main_thread().ident == "
      "threading.get_ident())\n",
      "import resource\nprint(resource.getrlimit(resource.RLIMIT_NOFILE), "
      "resource.getrlimit(resource.RLIMIT_STACK))\n",
      "import warnings\nwarnings.warn('careful')\nprint(open('/proc/self/comm').read(), "
      "open('/proc/self/cmdline').read().split('\\0'))\n",
      "print(open('/dev/stdin').read(), open(0).fileno())\n",
      "import os\nprint(os.stat('/proc/self/status').st_uid, os.stat('/proc/self/environ').st_uid, "
      "os.access('/proc/self/mem', os.W_OK))\n",
      "import os\nr, w = os.pipe()\npid = os.fork()\nif pid == 0:\n    os.read(r, 1)\n"
      "print(os.path.exists(f'/proc/{pid}'), len(os.listdir(f'/proc/{pid}/fd')))\nos.kill(pid, "
      "9)\n",
      "import os\nprint(os.getpgid(0) == os.getpid(), os.getsid(0) == os.getpid(), "
      "os.sched_getaffinity(0), os.cpu_count())\n",
      "import multiprocessing as m\nif __name__ == '__main__':\n    m.set_start_method('spawn')\n "
      "   p = m.Process(target=print, args=('spawned',))\n    p.start()\n    p.join()\n",
      "import asyncio\nasync def f():\n    return await asyncio.gather(*map(asyncio.to_thread, "
      "[len] * 3, ['a', 'bc', '']))\nprint(asyncio.run(f()))\n",
      "import mmap\nm = mmap.mmap(-1, 4096)\nm[:2] = b'ab'\nprint(m[:3])\n",
      "print([line.split()[1] for line in open('/proc/self/maps') if line.split()[1][3] == 's'])\n",
      "import threading\nprint(threading.main_thread().native_id == threading.get_native_id())\n",
      "import os, random\nr, w = os.pipe()\nif os.fork() == 0:\n    os.write(w, "
      "str(random.random()).encode())\n    os._exit(0)\nprint(os.read(r, 100) == "
      "str(random.random()).encode())\n",
      "import types, sys\nclass A:\n    def __del__(self):\n        print('gone')\nm = "
      "types.ModuleType('m')\nm.a = A()\nsys.modules['m'] = m\ndel m\nprint('end')\n",
      "import sys\nprint(len(sys.path_hooks), sorted(sys.path_importer_cache)[-2:], "
      "sys.meta_path[-3:])\n",
      "import site\nprint(site.execusercustomize.__qualname__)\n",
      "import uuid, secrets, ssl\nprint(len(str(uuid.uuid4())), len(secrets.token_hex()), "
      "len(ssl.RAND_bytes(3)))\n",
      "import sys, traceback\ntraceback.print_stack()\nprint(sys._getframe().f_back)\n",
  };
  for (const std::string& program : programs) {
    SCOPED_TRACE(program);
    expect_the_same(main_py(program, "1 2\nx\n"));
  }
}

TEST_F(ZygoteTest, TheUserSiteIsOnAndOffAsAsked) {
  RunSpec spec = main_py("import helps, sys\nprint(helps.WORD, sys.flags.no_user_site)\n");
  spec.files.push_back({"helps.py", "WORD = 'beside'\n"});
  const std::string site =
      run(main_py("import site\nprint(site.getusersitepackages())\n")).stdout_bytes;
  const std::string own =
      site.substr(std::string("/work/").size(), site.find('\n') - std::string("/work/").size());
  spec.files.push_back({own + "/usercustomize.py", "print('customized')\n"});
  expect_the_same(spec);
  EXPECT_EQ(run(spec).stdout_bytes, "customized\nbeside 0\n");
  spec.commands = {{"/usr/bin/python3", "-s", "main.py"}};
  expect_the_same(spec);
  EXPECT_EQ(run(spec).stdout_bytes, "beside 1\n");
}

TEST_F(ZygoteTest, LibrariesSeeTheEnvironmentThatAProgramSetsForThem) {
  RunSpec spec = main_py(
      "import os\nos.environ['OPENBLAS_NUM_THREADS'] = '2'\ntry:\n    import numpy\n    a = "
      "numpy.ones((600, 600))\n    a @ a\nexcept ImportError:\n    pass\n"
      "print(len(os.listdir('/proc/self/task')))\n");
  expect_the_same(spec);
}

TEST_F(ZygoteTest, AnArchiveIsRunAsOne) {
  RunSpec spec = main_py("");
  spec.files = {{"make.py",
                 "import zipfile\nwith zipfile.ZipFile('main.py', 'w') as archive:\n    "
                 "archive.writestr('__main__.py', 'print(__file__)')\n"}};
  spec.commands = {{"/usr/bin/python3", "make.py"}, {"/usr/bin/python3", "main.py"}};
  expect_the_same(spec);
  EXPECT_EQ(run(spec).stdout_bytes, "/work/main.py/__main__.py\n");
}

TEST_F(ZygoteTest, FilesBesideTheProgramStandInFrontOfWhatWasImportedEarly) {
  RunSpec spec = main_py("import random, heapq\nprint(random.WHOSE, heapq.__name__)\n");
  spec.files.push_back({"random.py", "WHOSE = 'own'\n"});
  expect_the_same(spec);
  EXPECT_THAT(run(spec).stdout_bytes, HasSubstr("own"));
}

TEST_F(ZygoteTest, AnImportedPackageIsWhole) {
  expect_the_same(
      main_py("import sys\ntry:\n    import numpy\nexcept ImportError:\n    print('none')\nelse:\n "
              "   numpy.random.seed(1)\n    "
              "print(sorted(sys.modules))\n    print(numpy.arange(6).reshape(2, 3) @ "
              "numpy.ones((3, 2)), numpy.random.rand())\n"));
}

TEST_F(ZygoteTest, NoTwoProgramsDrawTheSameNumbers) {
  const RunSpec spec = main_py(
      "import random\nprint(random.random())\ntry:\n    import numpy\n    "
      "print(numpy.random.rand())\n"
      "except ImportError:\n    print(random.random())\n");
  const std::string first = run(spec).stdout_bytes, second = run(spec).stdout_bytes;
  EXPECT_NE(first.substr(0, first.find('\n')), second.substr(0, second.find('\n')));
  EXPECT_NE(first.substr(first.find('\n')), second.substr(second.find('\n')));
}

TEST_F(ZygoteTest, TrustedProgramsAreCompiledBeforehand) {
  const std::string interpreter = "/usr/bin/python3";
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{interpreter, ".farm/greets.py"},
                                             {interpreter, "-s", ".farm/greets.py"},
                                             {interpreter, "-s", ".farm/imports.py"}}) {
    SCOPED_TRACE(command.back());
    RunSpec spec = main_py("");
    spec.commands = {command};
    for (const auto& [file, content] : settings_.zygote->trusted)
      spec.files.push_back(
          {.path = ".farm/" + file, .content = content, .executable = false, .writable = false});
    expect_the_same(spec);
  }
}

TEST_F(ZygoteTest, WhatOneProgramDoesToItsInterpreterNoOtherSees) {
  const RunOutcome vandal =
      run(main_py("import builtins, json, sys\nbuiltins.print = None\njson.dumps = "
                  "None\nsys.path.clear()\nsys.meta_path.clear()\n"
                  "import os\nos.environ['MARK'] = '1'\nopen('/tmp/mark', 'w').close()\n"));
  EXPECT_TRUE(vandal.forked);
  const RunOutcome next = run(main_py(
      "import json, os\nprint(json.dumps([1]), os.environ.get('MARK'), os.listdir('/tmp'))\n"));
  EXPECT_TRUE(next.forked);
  EXPECT_EQ(next.stdout_bytes, "[1] None []\n");
  expect_slot_is_clean();
}

TEST_F(ZygoteTest, ForksAreHeldByEveryLayer) {
  const RunOutcome outcome = run(main_py(R"(
import ctypes, os
status = dict(line.split(':', 1) for line in open('/proc/self/status') if ':' in line)
print(*(status[key].split()[0] for key in ('CapEff', 'CapPrm', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp')))
print(os.getuid(), os.geteuid(), open('/proc/self/cgroup').read().count('/../'))
print(sorted(entry for entry in os.listdir('/proc') if entry.isdigit()))
for path in ('/zygote', '/zygote/zygote.so', '/zygote/preload'):
    try:
        print(len(os.listdir(path)) if os.path.isdir(path) else open(path).read())
    except OSError as error:
        print(error.errno)
libc = ctypes.CDLL(None, use_errno=True)
for name, arguments in (('mount', (b'x', b'/tmp', b'tmpfs', 0, None)), ('unshare', (0x10000000,)), ('setns', (0, 0)),
                        ('ptrace', (16, 1, 0, 0)), ('setuid', (0,))):
    print(name, getattr(libc, name)(*arguments), ctypes.get_errno())
)"));
  EXPECT_TRUE(outcome.forked);
  const RunOutcome alone = run(started(main_py(R"(
status = dict(line.split(':', 1) for line in open('/proc/self/status') if ':' in line)
print(*(status[key].split()[0] for key in ('CapEff', 'CapPrm', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp')))
)")));
  EXPECT_EQ(outcome.stdout_bytes.substr(0, outcome.stdout_bytes.find('\n') + 1),
            alone.stdout_bytes);
  EXPECT_THAT(outcome.stdout_bytes, HasSubstr("\n1000 1000 0\n"));
  EXPECT_THAT(
      outcome.stdout_bytes,
      HasSubstr("13\n13\n13\nmount -1 1\nunshare -1 1\nsetns -1 1\nptrace -1 1\nsetuid -1"));
}

TEST_F(ZygoteTest, LimitsHoldForForks) {
  RunSpec spinning = main_py("while True:\n    pass\n");
  spinning.limits.cpu = Milliseconds(300);
  EXPECT_EQ(run(spinning).ending, Ending::kCpuLimit);
  RunSpec sleeping = main_py("import time\ntime.sleep(100)\n");
  sleeping.limits.wall = Milliseconds(300);
  EXPECT_EQ(run(sleeping).ending, Ending::kWallLimit);
  const RunOutcome hog = run(main_py("x = []\nwhile True:\n    x.append(bytearray(1 << 20))\n"));
  EXPECT_TRUE(hog.forked);
  EXPECT_TRUE(hog.out_of_memory);
  RunSpec flood = main_py("while True:\n    print('x' * 1000)\n");
  flood.limits.output = Bytes{100'000};
  EXPECT_EQ(run(flood).ending, Ending::kOutputLimit);
  RunSpec bomb = main_py(
      "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n"
      "    import time\n    time.sleep(0.01)\n");
  bomb.limits.cpu = Milliseconds(500);
  bomb.limits.wall = Milliseconds(1000);
  EXPECT_TRUE(run(bomb).forked);
  expect_slot_is_clean();
  EXPECT_TRUE(run(main_py("print(1)\n")).forked);
}

TEST_F(ZygoteTest, OrphansOfAForkDieWithTheSandbox) {
  const RunOutcome outcome =
      run(main_py("import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n  "
                  "      time.sleep(1000)\n    "
                  "os._exit(0)\nprint('done')\n"));
  EXPECT_TRUE(outcome.forked);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.stdout_bytes, "done\n");
  expect_slot_is_clean();
}

TEST_F(ZygoteTest, AForkCopiesNoMemoryBeforeItIsWritten) {
  const RunOutcome outcome =
      run(main_py("import array\n"
                  "pages = array.array('b', bytes(1 << 22))\n"
                  "for line in open('/proc/self/maps'):\n"
                  "    if '[heap]' in line or 'memfd:zygote' in line: print(line.split()[1], "
                  "line.split()[-1])\n"
                  "pages.extend(bytes(1 << 22))\n"
                  "print(sum(pages), len(pages))\n"));
  EXPECT_TRUE(outcome.forked);
  EXPECT_THAT(outcome.stdout_bytes, HasSubstr("rw-p (deleted)\n"));
  EXPECT_THAT(outcome.stdout_bytes, HasSubstr("0 8388608\n"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.stderr_bytes;
}

TEST_F(ZygoteTest, AnInterpreterThatCannotBeAZygoteIsDoneWithout) {
  settings_.zygote->interpreter = "/usr/bin/true";
  sandbox_.reset();
  forkserver_.reset();
  start(Isolation::kFull);
  RunSpec spec = main_py("");
  spec.commands = {{"/usr/bin/true", "main.py"}};
  const RunOutcome outcome = run(spec);
  EXPECT_FALSE(outcome.forked);
  EXPECT_THAT(outcome.zygote_failed, HasSubstr("zygote"));
  EXPECT_EQ(outcome.exit_code, 0);
}

}  // namespace
}  // namespace farm::sandbox
