"""Runs the trusted tests in a sandbox of their own. The function that they test is a proxy, which asks the
submission's process (python_submission.py) on descriptors 5 and 6; only values come back.

Descriptor 3 holds one line with the completion token and then {"tests": text, "prompt": text, "entry_point": name or
"", "answer_limit": bytes}. Descriptor 4 takes lines for the grader:

  misfit REASON    the tests cannot be run apart (python_fit.py); nothing else is said
  broken REASON    the tests cannot be run at all
  asked            the submission is waited for: what goes wrong from here on may be its doing
  thought N        microseconds that went by here while the submission waited
  passed TOKEN | assertion | exception | gone REASON      the end; gone: the submission is, or talks nonsense

What comes from the submission is bounded in bytes and parts before it is built. It may still use up this process: then
there is no last word, and the grader goes by whether it was asked.
"""

import builtins
import os
import sys
import time
import types

import python_exchange
import python_fit
import python_program
import python_values

sys.path.pop(0)  # this file's own directory

FROM_SUBMISSION, TO_SUBMISSION = 5, 6
ENDED = "ended before the tests completed"
FAREWELL_SECONDS = 0.25  # for the submission to print what it has to, and leave


# Exceptions that are more than errors.
CONTROL = (StopIteration, StopAsyncIteration, GeneratorExit, SystemExit, KeyboardInterrupt)


# What reading an answer raises where it is none.
MALFORMED = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError, ImportError,
             StopIteration)


class Misfit(BaseException):
    """The tests need more than values: no test may catch this."""


class Gone(BaseException):
    """There is no submission to ask any more."""


class Submission:
    """The other end, and what has been seen of it."""

    def __init__(self, say, answer_limit, mentioned):
        self.say, self.answer_limit, self.mentioned = say, answer_limit, mentioned
        self.encoder = python_exchange.RichEncoder(self.refuse)
        self.encoder.base.scalars[python_exchange.Opaque] = self.refuse_back
        self.decode_frame, self.build_value = python_exchange.make_decoder()
        self.waited = 0.0
        self.asked = self.is_ready = self.has_answered = False
        self.misfit = self.gone = ""  # sticky: tests may catch everything
        self.raised = None
        self.take = python_values.at_ease(self.take)
        self.encode = python_values.at_ease(self.encode)

    def refuse(self, reason):
        """A value of the tests' own that cannot cross. What is only too large may have come from the submission."""
        if self.has_answered and " " in reason:
            raise ValueError("a value that is " + reason)
        self.misfit = self.misfit or "they give it what is no plain value: " + reason
        raise Misfit(self.misfit)

    @staticmethod
    def refuse_back(value):
        raise TypeError("%r is passed to the submission" % value)

    def encode(self, parts, table):
        self.encoder.know_libraries()  # an answer may have brought new ones
        return tuple(self.encoder.encode(part, table, True) for part in parts)

    def receive(self):
        if not self.asked:
            self.asked = True
            self.say("asked")
        frame = python_exchange.receive_frame(os.read, FROM_SUBMISSION, self.answer_limit)
        if frame is None:
            raise python_exchange.Broken(ENDED)
        return self.decode_frame(frame)

    def exchange(self, text):
        """One call and its answer, as members that are not built yet."""
        begun = time.monotonic()
        try:
            self.wait_until_ready()
            python_exchange.send_frame(os.write, TO_SUBMISSION, text)
            answer = self.receive()
        except BrokenPipeError:
            raise self.end(ENDED) from None
        except python_exchange.Broken as error:
            raise self.end(str(error)) from None
        except MALFORMED as error:
            raise self.end("answered with something that is no value: %s" % error) from None
        finally:
            self.waited += time.monotonic() - begun
        self.has_answered = True
        return answer

    def wait_until_ready(self):
        if not self.is_ready and "ready" not in self.receive():
            raise python_exchange.Broken("answered before it was asked")
        self.is_ready = True

    def end(self, reason):
        self.gone = self.gone or reason
        return Gone(self.gone)

    def call(self, name, args, kwargs):
        if self.gone:
            raise Gone(self.gone)
        table = python_exchange.Table()
        text = '{"call":%s,"args":%s,"kwargs":%s}' % self.encode((name, list(args), kwargs), table)
        answer = self.exchange(text)
        try:
            value, error = self.take(answer, table)
        except MALFORMED as error:
            raise self.end("answered with something that is no value: %s" % error) from None
        if error is not None:
            self.raised = error
            raise error
        return value

    def take(self, answer, table):
        """Builds everything before it changes anything; then the arguments hold what the call left in them."""
        raised = answer.get("raised")
        value = self.build_value(answer["value"] if raised is None else raised, table)
        changes = [(table.objects[n], self.build_value(held, table)) for n, held in answer["changed"]]
        for mine, held in changes:
            if type(mine) is not type(held):
                raise ValueError("an argument became another type")
        for mine, held in changes:
            put(mine, held)
        return (value, None) if raised is None else (None, self.exception(*value))

    def exception(self, names, args):
        """The builtin exception that the submission names. What ends loops and programs is raised only in tests that
        mention it: `all(map(f, xs))` must not end well at a StopIteration."""
        kind = getattr(builtins, names[0], None)
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise ValueError("no exception: %r" % names[0])
        if issubclass(kind, CONTROL) and kind.__name__ not in self.mentioned:
            if not issubclass(kind, Exception):
                raise self.end("raised " + kind.__name__)
            return RuntimeError("raised " + kind.__name__)
        args = [repr(arg) if type(arg) is python_exchange.Opaque else arg for arg in args]
        try:
            return kind(*args)
        except Exception:
            return kind.__new__(kind)

    def say_farewell(self, show_error):
        """Lets the submission print what it holds back, and leave."""
        try:
            if show_error:
                python_exchange.send_frame(os.write, TO_SUBMISSION, '{"show":true}')
            os.close(TO_SUBMISSION)
        except OSError:
            return
        import select
        poll = select.poll()
        poll.register(FROM_SUBMISSION, select.POLLIN)
        ends = time.monotonic() + FAREWELL_SECONDS
        while (left := ends - time.monotonic()) > 0:
            if poll.poll(left * 1000) and not os.read(FROM_SUBMISSION, 1 << 16):
                return


def put(mine, held):
    """Makes `mine` hold what `held` does, as the call did to its own."""
    if type(mine) in (list, bytearray):
        mine[:] = held
    elif isinstance(mine, (dict, set)):
        mine.clear()
        mine.update(held)
    elif type(mine).__name__ == "deque":
        mine.clear()
        mine.extend(held)
    elif mine.dtype == held.dtype and mine.shape == held.shape:
        mine[...] = held
    else:
        raise ValueError("an array changed its form")


def make_proxy(submission, name):
    """What the tests take for the function. It is called, and has a name; whatever else they want does not fit."""
    def misfit(what):
        submission.misfit = submission.misfit or "they use .%s of the function" % what
        return Misfit(submission.misfit)

    class Function:
        __slots__ = ()

        def __call__(self, *args, **kwargs):
            return submission.call(name, args, kwargs)

        def __getattribute__(self, attribute):
            if attribute in ("__name__", "__qualname__"):
                return name
            if attribute == "__class__":
                return types.FunctionType
            raise misfit(attribute)

    return Function()


def run_prompt(prompt, entry_point, namespace):
    """Names that the prompt defines, as far as it can be run: helpers, imports. Returns its syntax tree, or None."""
    for text in (prompt, prompt + "\n    pass\n", prompt + "\n        pass\n", prompt + "pass\n"):
        try:
            tree = python_fit.parse(text, "prompt.py")
            exec(compile(tree, "prompt.py", "exec", dont_inherit=True), namespace)
        except (SyntaxError, ValueError):
            continue
        except Exception:
            pass  # what it has defined until here is there
        return tree
    return None


class Report:
    """What the grader reads on descriptor 4."""

    def __init__(self, leaving):
        self.leaving = leaving

    def say(self, line):
        python_values.write_all(os.write, 4, line.encode("utf-8", "replace").replace(b"\n", b" ")[:2000] + b"\n")

    def end(self, line):
        self.say(line)
        self.leaving.succeed()


def outcome_of(run, submission, report, token):
    """Runs the tests; the last line of the report, and whether the submission's traceback belongs to the story."""
    try:
        run()
    except (Misfit, Gone):
        pass  # both are sticky
    except SystemExit as error:
        if error is submission.raised or error.code not in (None, 0, False):
            report.leaving.show(error)
            return ("exception" if error is submission.raised else "assertion"), error is submission.raised
    except BaseException as error:
        report.leaving.show(error)
        if not submission.misfit and not submission.gone:
            return ("assertion" if isinstance(error, AssertionError) else "exception"), error is submission.raised
    if submission.misfit:
        return "misfit " + submission.misfit, False
    if submission.gone:
        return "gone " + submission.gone, False
    try:
        submission.wait_until_ready()  # tests that ask nothing prove that the program can be loaded
    except (python_exchange.Broken, ValueError) as error:
        return "gone %s" % error, False
    return "passed " + token, False


def main():
    begun = time.monotonic()
    token, _, text = python_values.read_all(os.read, 3).partition(b"\n")
    os.close(3)
    task = python_values.decode_task(text)
    report = Report(python_program.Leaving())

    try:
        tree, tests = python_fit.compile_tests(task["tests"])
    except (SyntaxError, ValueError) as error:
        report.end("broken %s: %s" % (type(error).__name__, error))
    module = python_program.make_module("__main__", "tests.py")
    namespace = module.__dict__
    prompt = run_prompt(task["prompt"], task["entry_point"], namespace)
    reason, name = python_fit.objection(tree, prompt, namespace, task["entry_point"])
    if reason:
        report.end("misfit " + reason)

    mentioned = {node.id for node in python_fit.every(tree) if python_fit.kind_of(node) == "Name"}
    submission = Submission(report.say, task["answer_limit"], mentioned)
    proxy = make_proxy(submission, name)
    namespace[name] = proxy

    def run():
        exec(tests, namespace)
        if python_fit.waits_for_check(tree):
            namespace["check"](proxy)

    last_line, show_error = outcome_of(run, submission, report, token.decode("ascii"))
    submission.say_farewell(show_error)
    report.say("thought %d" % ((time.monotonic() - begun - submission.waited) * 1e6))
    report.end(last_line)


main()
