#!/usr/bin/env python3
"""Who may ask: Apache Kafka with TLS, passwords and an authorizer, and access lists as deploy/kafka/access.sh makes them.

A grader and two trainers do their work; neither trainer reads what the other asked or was answered, publishes an answer,
or takes requests away from graders. Nobody gets in without the password, or by a broker that is somebody else; and no
password is in a log.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import apache  # noqa: E402
import farm  # noqa: E402

PORT, SECURED = 20092, 20095  # also PORT + 100
HERE = pathlib.Path(__file__).resolve().parent
ACCESS = farm.ROOT / "deploy" / "kafka" / "access.sh"
PASSWORDS = {"grader": "g-5f2b1c", "alice": "a-90d3e7", "bob": "b-c4418a"}
RIGHT = {"right": "accepted", "wrong": "wrong_answer"}


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}"[-3000:])
    return done.stdout


def certificates(work):
    """An authority, and a broker that it vouches for as `localhost`."""
    def request(name, subject):
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={subject}",
            "-keyout", work / f"{name}.key", "-out", work / f"{name}.csr")
    for name in ("ca", "other"):
        request(name, f"{name} of this test")
        run("openssl", "x509", "-req", "-in", work / f"{name}.csr", "-signkey", work / f"{name}.key", "-days", "2",
            "-extfile", extensions(work, "basicConstraints=critical,CA:TRUE"), "-out", work / f"{name}.pem")
    request("broker", "localhost")
    run("openssl", "x509", "-req", "-in", work / "broker.csr", "-CA", work / "ca.pem", "-CAkey", work / "ca.key",
        "-CAcreateserial", "-days", "2", "-extfile", extensions(work, "subjectAltName=DNS:localhost"), "-out", work / "broker.pem")
    both = work / "keystore.pem"
    both.write_text((work / "broker.key").read_text() + (work / "broker.pem").read_text())
    return both


def extensions(work, line):
    path = work / "extensions"
    path.write_text(line + "\n")
    return path


def listeners(work):
    """The first one is for brokers and the administrator; a cluster that others can reach has no such."""
    path = work / "listeners"
    path.touch(mode=0o600)
    users = " ".join(f'user_{name}="{password}"' for name, password in PASSWORDS.items())
    path.write_text(f"""\
listeners=PLAINTEXT://127.0.0.1:{PORT},CONTROLLER://127.0.0.1:{PORT + 100},SECURED://127.0.0.1:{SECURED}
advertised.listeners=PLAINTEXT://127.0.0.1:{PORT},SECURED://localhost:{SECURED}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURED:SASL_SSL
listener.name.secured.ssl.keystore.type=PEM
listener.name.secured.ssl.keystore.location={certificates(work)}
listener.name.secured.sasl.enabled.mechanisms=PLAIN
listener.name.secured.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required {users};
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
""")
    return path


def configuration(work, user, *, password=None, authority="ca"):
    """Properties of librdkafka for this user, as the Python client takes them; and the file for our programs."""
    properties = {"security.protocol": "SASL_SSL", "ssl.ca.location": str(work / f"{authority}.pem"),
                  "sasl.mechanism": "PLAIN", "sasl.username": user, "sasl.password": password or PASSWORDS[user]}
    path = work / f"{user}-{authority}{'-mistaken' if password else ''}.toml"
    path.touch(mode=0o600)
    path.write_text("[kafka]\n" + "".join(f'{name} = "{value}"\n' for name, value in properties.items()))
    return properties, path


def requests(trainer, count=10):
    codes = {"right": "print(int(input()) + 1)", "wrong": "print(0)"}
    return [{"schema_version": 1, "request_id": f"{trainer}/{kind}/{n}",
             "submission": {"language": "python", "code": code},
             "evaluation": {"type": "stdin_stdout", "cases": [{"stdin": f"{n}\n", "stdout": f"{n + 1}\n"}]}}
            for kind, code in codes.items() for n in range(count)]


def works(user, trainer, work, brokers, path):
    results = farm.grade(requests(trainer), work / f"of-{user}", brokers=brokers, options=["--trainer", trainer, "--config", path])
    for result in results:
        if result["verdict"] != RIGHT[result["request_id"].split("/")[1]]:
            sys.exit(f"{user}: not the right verdict: {result}")


def refused(what, work, brokers, path, *options, words):
    """`gradefarm grade` ends with a message that has one of the words, and not the password."""
    source = work / "refused.jsonl"
    farm.write_jsonl(source, requests("refused", 1))
    done = subprocess.run([farm.program("gradefarm"), "grade", source, "--brokers", brokers, "--config", path, *options],
                          capture_output=True, text=True, timeout=300)
    said = done.stdout + done.stderr
    if done.returncode == 0:
        sys.exit(f"{what}: was not refused:\n{said[-2000:]}")
    if not any(word in said for word in words):
        sys.exit(f"{what}: refused, and the message says none of {words}:\n{said[-2000:]}")
    print(f"{what}: exit status {done.returncode}: {done.stderr.strip().splitlines()[-1][:160]}")
    return said


def probe(work, brokers, properties, questions):
    """What a client of its own making is told by the brokers; see probe.py."""
    path = work / "probe.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({"config": {"bootstrap.servers": brokers, **properties}, "questions": questions}))
    done = subprocess.run([farm.ROOT / "tests/python/run.sh", farm.BUILD, "program", HERE / "probe.py", path],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=600)
    if done.returncode == farm.SKIPPED:
        farm.skip((done.stdout + done.stderr).strip()[-500:])
    if done.returncode != 0:
        sys.exit(f"probe.py ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main():
    farm.needs_root()
    with tempfile.TemporaryDirectory(prefix="access-") as folder:
        work = pathlib.Path(folder)
        work.chmod(0o755)  # graders read the authority's certificate when they are root no more
        with apache.Kafka(work / "kafka", 1, PORT, listeners(work)) as cluster:
            check(work, cluster.brokers, f"localhost:{SECURED}")
    print("each user does what is theirs, and nothing else")


def check(work, open_brokers, brokers):
    run(ACCESS, "grader", "grader", "--brokers", open_brokers)
    run(ACCESS, "trainer", "alice", "alice-*", "--brokers", open_brokers)
    run(ACCESS, "trainer", "bob", "bob-*", "--bytes-per-second", "1000000", "--brokers", open_brokers)

    _, grader_file = configuration(work, "grader")
    _, alice_file = configuration(work, "alice")
    bob, bob_file = configuration(work, "bob")
    said = ""
    # Nobody but the grader may make topics; it makes those of its pool.
    with farm.Grader(brokers, work, "grader", "--config", str(grader_file), "--workers", "1") as grader:
        works("alice", "alice", work, brokers, alice_file)
        works("bob", "bob", work, brokers, bob_file)
        replies = [name for name in run(farm.program("gradefarm"), "topics", "describe", "--brokers", open_brokers).split()
                   if name.startswith("grading.replies.alice-")]
        if len(replies) != 1:
            sys.exit(f"not one reply topic of alice: {replies}")

        theirs = "grading.replies.mallory"
        said += refused("bob as alice", work, brokers, bob_file, "--trainer", "alice", words=["uthorization failed"])
        _, mistaken = configuration(work, "bob", password="b-mistaken")
        said += refused("a mistaken password", work, brokers, mistaken, words=["invalid username or password"])
        _, other = configuration(work, "bob", authority="other")
        said += refused("another authority", work, brokers, other, words=["certificate verify failed"])

        run(farm.program("gradefarm"), "topics", "create", "--brokers", open_brokers)  # those that no grader needs
        topic, group = "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED"
        expected = [(["read", "grading.requests.cpu"], topic), (["read", replies[0]], topic), (["read", "grading.blobs"], topic),
                    (["read", "grading.bad-cases"], topic), (["write", replies[0]], topic), (["write", theirs], topic),
                    (["write", "grading.dead-letters"], topic), (["write", "grading.status"], topic),
                    (["join", "gradefarm-cpu", "grading.requests.cpu"], group), (["write", "grading.requests.cpu"], "")]
        told = probe(work, brokers, bob, [question for question, _ in expected])
        for (question, error), answer in zip(expected, told, strict=True):
            if answer != error:
                sys.exit(f"bob: {' '.join(question)}: {answer or 'allowed'}, not {error or 'allowed'}")
            print(f"bob: {' '.join(question)}: {answer or 'allowed'}")
        works("alice", "alice", work, brokers, alice_file)  # whatever bob has published
    said += grader.log.read_text()
    for user, password in PASSWORDS.items():
        if password in said or "b-mistaken" in said:
            sys.exit(f"the password of {user} is in a log")


if __name__ == "__main__":
    main()
