import glob
import os

for pattern in ("/etc/shadow", "/root/*", "/home/*", "/etc/ssh/*key*", "/var/run/secrets/*", "/run/*", "/var/lib/*",
                "/srv/*", "/opt/gradefarm*", "/.dockerenv", "/boot/*", "/mnt/*", "/sys/*", "/tmp/*", "/var/tmp/*"):
    for path in glob.glob(pattern):
        print("LEAK:", path)
for name, value in os.environ.items():
    if any(word in name for word in ("KEY", "TOKEN", "SECRET", "PASS", "KAFKA", "BROKER", "GRADEFARM", "SSH", "AWS")):
        print("LEAK:", name, value[:20])
if any(line.split(":")[0] not in ("root", "sandbox", "nobody") for line in open("/etc/passwd")):
    print("LEAK: accounts of the host")
