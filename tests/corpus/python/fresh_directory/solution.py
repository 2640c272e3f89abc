import os
print(os.path.exists("mark"), os.getcwd() == os.environ["HOME"])
open("mark", "w").write("I was here")
open("/tmp/mark", "w").write("and here")
