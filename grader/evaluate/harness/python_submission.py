"""Runs inside the submission's sandbox: loads its program and answers the tester's calls of its functions on
descriptors 5 and 6 (python_exchange.py), until the tester hangs up. Descriptor 3 holds {"source": file of the program}.

The tests and what they expect are in another process: nothing here is worth lying about but the values themselves.
"""

import builtins
import operator
import os
import sys

import python_exchange
import python_program
import python_values

__builtins__ = dict(vars(__builtins__))  # its own: see python_values.py
sys.path.pop(0)  # this file's own directory
for name in ("python_exchange", "python_program", "python_values"):
    del sys.modules[name]  # the names are the submission's to use

CALLS, ANSWERS = 5, 6
NO_LIMIT = 1 << 32
BUILTIN_EXCEPTIONS = {kind for kind in vars(builtins).values()
                      if isinstance(kind, type) and issubclass(kind, BaseException)}


def snapshot_of(value):
    """What a mutable argument holds before the call, in a form that tells whether it holds the same afterwards."""
    kind = type(value)
    if kind is list:
        return value[:]
    if isinstance(value, dict):
        return list(value), list(value.values())
    return value.copy()


def has_changed(value, before, same=operator.is_):
    kind = type(value)
    if kind is list or kind.__name__ == "deque":
        return len(value) != len(before) or not all(map(same, value, before))
    if isinstance(value, dict):
        keys, items = before
        return (len(value) != len(keys) or not all(map(same, value, keys))
                or not all(map(same, value.values(), items)))
    if kind is set or kind is bytearray:
        return value != before
    return value.dtype != before.dtype or value.shape != before.shape or value.tobytes() != before.tobytes()


def main():
    task = python_values.decode_task(python_values.read_all(os.read, 3))
    os.close(3)
    leaving = python_program.Leaving()
    unknown, plain_part = python_exchange.Unknown, python_values.plain_part

    def stand_in(value):
        part = plain_part(value)
        return unknown(value) if part is None else part

    rich = python_exchange.RichEncoder(stand_in=stand_in)
    decode_frame, build_value = python_exchange.make_decoder()
    table_of = python_exchange.Table
    send_frame, receive_frame = python_exchange.send_frame, python_exchange.receive_frame
    find, at_ease = python_program.find, python_values.at_ease
    write, read = os.write, os.read
    kind_of, BaseException_, SystemExit_, MemoryError_ = type, BaseException, SystemExit, MemoryError
    Broken_ = (python_exchange.Broken, OSError)

    def send(text):
        try:
            send_frame(write, ANSWERS, text)
        except Broken_:
            leaving.succeed()  # the caller has hung up

    @at_ease
    def decode_call(frame):
        call, table = decode_frame(frame), table_of()
        args = build_value(call["args"], table, True)
        kwargs = build_value(call["kwargs"], table, True)
        return call["call"], args, kwargs, table

    @at_ease
    def encode_answer(word, value, table, snapshots):
        rich.base.know("collections", ("defaultdict",), rich.base.containers, rich.base.encode_dict)
        rich.know_libraries()
        answer = '{"%s":%s' % (word, rich.encode(value, table))
        changed = ["[%d,%s]" % (n, rich.encode_contents(value, table))
                   for n, (value, before) in enumerate(zip(table.objects, snapshots)) if has_changed(value, before)]
        return answer + ',"changed":[' + ",".join(changed) + "]}"

    def names_of(error):
        return [kind.__name__ for kind in kind_of(error).__mro__ if kind in BUILTIN_EXCEPTIONS]

    module = python_program.make_module("__main__", task["source"])
    try:
        python_program.load(task["source"], module)
    except SystemExit_:
        raise
    except BaseException_ as error:
        leaving.fail(error)
    send('{"ready":null}')

    last_error = None
    while True:
        try:
            frame = receive_frame(read, CALLS, NO_LIMIT)
        except Broken_:
            frame = None
        if frame is None:
            leaving.succeed()
        if frame == b'{"show":true}':
            leaving.show(last_error)
            continue
        name, args, kwargs, table = decode_call(frame)
        snapshots = [snapshot_of(value) for value in table.objects]
        try:
            text = encode_answer("value", find(module, name)(*args, **kwargs), table, snapshots)
        except BaseException_ as error:
            last_error = error
            answer = [names_of(error), error.args if kind_of(error.args) is tuple else ()]
            text = encode_answer("raised", answer, table, snapshots)
        leaving.flush()
        send(text)


main()
