import zlib

packed = zlib.compressobj(1)
small = b"".join(packed.compress(bytes(1 << 20)) for _ in range(256)) + packed.flush()
print(len(zlib.decompress(small)))
