"""A TCP proxy on the loopback interface, whose network can be made slow, or cut in either of two ways. For Kafka it has
to be what a listener of the broker advertises: clients go where the broker sends them."""

import asyncio
import contextlib
import threading

CHUNK = 16 << 10
MOST_HELD = 1 << 20  # bytes on their way in one direction: beyond that nothing more is read


class Proxy:
    """As a context: forwards 127.0.0.1:port to 127.0.0.1:target. Its counts only grow."""

    def __init__(self, port, target):
        self.port, self.target = port, target
        self.connections = self.refused = self.cut = self.held = self.delayed = 0
        self.delay = self.seconds_a_byte = 0.0
        self.refuses = False
        self.open_ends = set()

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.run(self.start())
        return self

    def __exit__(self, *_):
        self.run(self.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    # --- what may be done to the network, from any thread ---------------------------------------------------------------

    def slow(self, delay, bytes_a_second):
        """Each byte arrives that much later, at that rate in each direction of each connection."""
        self.delay, self.seconds_a_byte = delay, 1 / bytes_a_second

    def reset(self):
        """Connections break, and new ones too, as if nobody listened."""
        self.refuses = True
        self.run(self.break_all())

    def silence(self):
        """What is sent stays on its way, as if packets were lost."""
        self.run(self.set_passing(False))

    def heal(self):
        self.refuses = False
        self.delay = self.seconds_a_byte = 0.0
        self.run(self.set_passing(True))

    # --- on the loop ----------------------------------------------------------------------------------------------------

    async def start(self):
        self.passing = asyncio.Event()
        self.passing.set()
        self.tasks = set()
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)

    async def stop(self):
        self.server.close()
        await self.break_all()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def break_all(self):
        for end in list(self.open_ends):
            self.cut += 1
            end.transport.abort()

    async def set_passing(self, passes):
        if passes:
            self.passing.set()
        else:
            self.passing.clear()

    async def serve(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        try:
            await self.forward(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self.tasks.discard(asyncio.current_task())

    async def forward(self, reader, writer):
        if self.refuses:
            self.refused += 1
            return
        self.connections += 1
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
        ends = {writer, there_writer}
        self.open_ends |= ends
        try:
            pumps = [asyncio.ensure_future(self.pump(*way)) for way in ((reader, there_writer), (there_reader, writer))]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            self.open_ends -= ends
            there_writer.transport.abort()

    async def pump(self, reader, writer):
        """One direction, until either side ends it."""
        on_the_way, held = asyncio.Queue(MOST_HELD // CHUNK), self.loop.time()

        async def deliver():
            while (chunk := await on_the_way.get()) is not None:
                due, data = chunk
                await asyncio.sleep(due - self.loop.time())
                if not self.passing.is_set():
                    self.held += len(data)
                    await self.passing.wait()
                writer.write(data)
                await writer.drain()

        delivery = asyncio.ensure_future(deliver())
        try:
            with contextlib.suppress(OSError):
                while data := await reader.read(CHUNK):
                    now = self.loop.time()
                    # The link is busy with what went before.
                    held = max(held, now) + len(data) * self.seconds_a_byte
                    if self.delay:
                        self.delayed += len(data)
                    await on_the_way.put((held + self.delay, data))
            await on_the_way.put(None)
            await delivery
        finally:
            delivery.cancel()
            await asyncio.gather(delivery, return_exceptions=True)
